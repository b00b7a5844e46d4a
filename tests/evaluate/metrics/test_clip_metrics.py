"""Metrics of whole clips: closed forms, naive loops, invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toy_world import canonical_points

from animate_cli.evaluate.metrics.landmarks.akd import average_keypoint_distance
from animate_cli.evaluate.metrics.landmarks.aperture_correlation import (
    LIDS,
    LIPS,
    clip_apertures,
    correlation,
)
from animate_cli.evaluate.metrics.networks.head_pose import fitted_angles, pose_error_deg
from animate_cli.evaluate.metrics.networks.identity import (
    ALIGNED_POINTS,
    SIZE,
    aligned,
    cosine,
    five_points,
    similarity,
)
from animate_cli.faces.shape3d.model import HeadPose, load_shape_model, project, rotation

RNG = np.random.default_rng(0)
FACE = (40 * canonical_points() + 60).astype(np.float32)


def test_akd_in_loops_at_the_fields_size() -> None:
    output, driver = RNG.random((3, 74, 2)), RNG.random((3, 74, 2))
    output[:, 70:] = driver[:, 70:] = np.nan  # points that a detector does not give
    total = [math.dist(output[t, k], driver[t, k]) for t in range(3) for k in range(70)]
    assert average_keypoint_distance(output, driver, 512) == pytest.approx(np.mean(total) / 2)


def opened(pairs: tuple[tuple[int, int], ...], amounts: np.ndarray) -> np.ndarray:
    """The toy face with lids or lips so much farther apart: (T, 74, 2)."""
    frames = np.repeat(FACE[None], len(amounts), axis=0)
    for _, lower in pairs:
        frames[:, lower, 1] += amounts
    return frames


@pytest.mark.parametrize("pairs", [LIDS, LIPS])
def test_apertures_follow_their_own_points_in_eye_distances(pairs) -> None:
    amounts = np.array([0.0, 3.0, 6.0])
    found = clip_apertures(opened(pairs, amounts), pairs)
    across = math.dist(FACE[36], FACE[45])
    assert np.diff(found) * across == pytest.approx([3.0, 3.0], rel=1e-4)
    assert clip_apertures(2 * opened(pairs, amounts), pairs) == pytest.approx(found, rel=1e-5)
    other = LIPS if pairs is LIDS else LIDS
    assert np.ptp(clip_apertures(opened(pairs, amounts), other)) == 0


def test_correlation_is_pearsons_and_independent_of_scale_and_offset() -> None:
    driver, noise = RNG.normal(0, 0.05, 50), RNG.normal(0, 0.05, 50)
    output = driver + noise
    a, b = output - output.mean(), driver - driver.mean()
    expected = (a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum())
    assert correlation(output, driver) == pytest.approx(expected)
    assert correlation(3 * driver + 1, driver) == pytest.approx(1)
    assert correlation(-driver, driver) == pytest.approx(-1)


def test_a_still_output_has_no_correlation_and_a_still_driver_no_score() -> None:
    driver = RNG.normal(0, 0.05, 20)
    assert correlation(np.full(20, 0.3), driver) == 0
    assert (
        correlation(0.3 + 0.02 * driver, driver) == 0
    )  # the aperture of a still image varies as much
    assert math.isnan(correlation(driver, np.full(20, 0.3)))
    assert math.isnan(correlation(driver[:4], driver[:4]))


def test_the_applied_similarity_is_recovered() -> None:
    points = five_points(FACE)
    c, s = 0.7 * math.cos(0.4), 0.7 * math.sin(0.4)
    truth = np.array([[c, -s, 11.0], [s, c, -5.0]])
    found = similarity(points, points @ truth[:, :2].T + truth[:, 2])
    assert found == pytest.approx(truth, abs=1e-4)


def test_five_points_are_aligned() -> None:
    """Five dots painted where a face of exactly the trained proportions has its points."""
    places = np.array(ALIGNED_POINTS) * SIZE
    face = np.zeros((74, 2), np.float32)
    face[36:42], face[42:48] = places[0], places[1]
    face[30], face[48], face[54] = places[2:]
    picture = np.zeros((300, 300, 3), np.uint8)
    here = 2 * face + (20, 10)
    for x, y in np.round(2 * places + (20, 10)).astype(int):
        picture[y - 2 : y + 3, x - 2 : x + 3] = 255
    seen = aligned(picture, here.astype(np.float32))
    for x, y in np.round(places).astype(int):
        assert seen[y, x, 0] > 200
    assert (seen > 100).sum() < 5 * 16 * 3


def test_cosine_of_equal_and_of_orthogonal_faces() -> None:
    one, other = np.eye(4, dtype=np.float32)[:2]
    assert cosine(np.stack((one, one)), one) == 1
    assert cosine(np.stack((one, other)), one) == 0.5


def test_pose_error_is_of_the_motion_not_of_the_pose() -> None:
    driver = np.array([[0.0, 0, 0], [10, -5, 3]])
    source, anchor = np.array([4.0, 2, -170]), np.array([1.0, 1, 1])
    perfect = source + driver - anchor
    assert pose_error_deg(perfect, source, driver, anchor) == pytest.approx(0)
    turned = perfect + np.array([[3.0, 0, 360], [0, -6, 0]])  # a whole turn is none
    assert pose_error_deg(turned, source, driver, anchor) == pytest.approx(9 / 6)


def test_fitted_angles_are_those_of_the_projected_head() -> None:
    model = load_shape_model()
    wanted = torch.tensor([[0.0, 0, 0], [20, 0, 0], [0, -12, 0], [10, 5, 15]])
    pose = HeadPose(
        rotation=rotation(wanted), scale=torch.full((4,), 60.0), shift=torch.full((4, 2), 128.0)
    )
    nobody = torch.zeros(model.config.identity), torch.zeros(4, model.config.expression)
    points = project(model, pose, *nobody, torch.zeros(4, 2, 2))
    assert fitted_angles(model, points.numpy()) == pytest.approx(wanted.numpy(), abs=0.5)
