from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from animate_cli.faces.aperture import face_radius
from animate_cli.options import Motion
from animate_cli.records import Points, Trajectory
from animate_cli.stages.motion import driver_motion

FACE = np.random.default_rng(0).uniform(-1, 1, (74, 2))
FRAMES = 11
CPU = torch.device("cpu")


BODY = np.random.default_rng(1).normal(0, 0.1, (FRAMES, 26, 2)).astype(np.float16)


def trajectory(
    motion_weight: np.ndarray | None = None, body: np.ndarray | None = None
) -> Trajectory:
    """A face that grows and walks through a large picture."""
    t = np.arange(FRAMES)[:, None, None]
    return Trajectory(
        landmarks=(300 + 10 * t + (80 + 2 * t) * FACE).astype(np.float32),
        confidence=np.ones((FRAMES, len(FACE)), np.float32),
        found=np.ones(FRAMES, bool),
        cut=np.zeros(FRAMES, bool),
        motion_weight=motion_weight,
        body=body,
        times_s=tuple(Fraction(i, 25) for i in range(FRAMES)),
        rate=Fraction(25),
        width=640,
        height=640,
        driver="driver.mp4",
        sha256="",
    )


@pytest.fixture
def source() -> Points:
    return (128 + 40 * FACE).astype(np.float32)


@pytest.mark.parametrize("count", [1, 4, FRAMES, 100])
def test_parts_do_not_show(source, count) -> None:
    motion = driver_motion(trajectory(), 3, source, Motion.RELATIVE)
    whole = torch.cat(list(motion.parts(FRAMES, device=CPU)))
    parts = list(motion.parts(count, device=CPU))
    assert max(len(part) for part in parts) <= count
    assert torch.equal(torch.cat(parts), whole)
    assert whole.shape == (FRAMES, 74, 2)
    assert whole.dtype == torch.float32


def test_the_anchor_takes_the_sources_size_and_place_and_others_theirs_beside_it(source) -> None:
    motion = driver_motion(trajectory(), 3, source, Motion.RELATIVE)
    whole = torch.cat(list(motion.parts(4, device=CPU))).numpy()
    np.testing.assert_allclose(motion.anchor, source, atol=1e-3)
    np.testing.assert_array_equal(whole[3], motion.anchor)
    sizes = [face_radius(points) / face_radius(source) for points in whole]
    np.testing.assert_allclose(sizes, (80 + 2 * np.arange(FRAMES)) / 86, rtol=1e-4)


@pytest.mark.parametrize("kind", list(Motion))
def test_a_face_that_is_lost_fades_to_rest(source, kind) -> None:
    """In relative motion the anchor is rest, in absolute motion the photo itself."""
    motion_weight = np.linspace(1, 0, FRAMES, dtype=np.float32)
    photo = source + 5
    faded = driver_motion(trajectory(motion_weight), 3, photo, kind)
    free = driver_motion(trajectory(), 3, photo, kind)
    rest = free.anchor if kind is Motion.RELATIVE else photo
    for part, as_seen, weights in zip(
        faded.parts(4, device=CPU),
        free.parts(4, device=CPU),
        np.split(motion_weight, range(4, FRAMES, 4)),
        strict=True,
    ):
        wanted = rest + weights[:, None, None] * (as_seen.numpy() - rest)
        np.testing.assert_allclose(part.numpy(), wanted, atol=1e-3)


@pytest.mark.parametrize("kind", list(Motion))
def test_the_body_comes_below_the_landmarks_and_fades_to_the_anchors(source, kind) -> None:
    motion_weight = np.linspace(1, 0, FRAMES, dtype=np.float32)
    motion = driver_motion(trajectory(motion_weight, BODY), 3, source, kind)
    parts = torch.cat(list(motion.parts(4, device=CPU))).numpy()
    bare = torch.cat(
        list(driver_motion(trajectory(motion_weight), 3, source, kind).parts(4, device=CPU))
    )
    np.testing.assert_array_equal(parts[:, :74], bare.numpy())
    assert not motion.anchor[74:].any()
    weights = motion_weight[:, None, None]
    wanted = weights * (BODY.astype(np.float32) - BODY[3])
    np.testing.assert_allclose(parts[:, 74:], wanted, atol=1e-3)


def test_in_other_shots_the_body_moves_since_their_first_frame(source) -> None:
    shots = trajectory(body=BODY)
    shots.cut[[2, 7]] = True
    motion = driver_motion(shots, 3, source, Motion.RELATIVE)
    body = torch.cat(list(motion.parts(4, device=CPU))).numpy()[:, 74:]
    since = BODY.astype(np.float32)
    np.testing.assert_allclose(body[2:7], since[2:7] - since[3], atol=1e-3)
    np.testing.assert_array_equal(body[:2], since[:2])
    np.testing.assert_array_equal(body[7:], since[7:])
