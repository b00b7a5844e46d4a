"""Formulas of metrics on external networks, in closed form and naive loops, without a network."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_world import canonical_points

from animate_cli.errors import WeightsError
from animate_cli.evaluate.metrics.landmarks.akd import frame_errors
from animate_cli.evaluate.metrics.landmarks.landmark_nme import auc, failures
from animate_cli.evaluate.metrics.networks.expression import (
    _padded,
    expression_error,
    load_expression,
    unpacked,
)
from animate_cli.evaluate.metrics.networks.gaze import angles_deg, gaze_error_deg
from animate_cli.evaluate.metrics.networks.identity import average_distance
from animate_cli.evaluate.metrics.networks.parsing_miou import mean_iou

FACE = (40 * canonical_points() + 60).astype(np.float32)
RNG = np.random.default_rng(0)


def test_packed_weights_are_steps_from_the_least_in_torchs_order() -> None:
    quanta = RNG.integers(0, 256, (3, 3, 4, 5), np.uint8)
    fc, depth = RNG.integers(0, 256, (6, 7), np.uint8), RNG.integers(0, 256, (3, 3, 4, 1), np.uint8)
    packed = {
        name: torch.from_numpy(array)
        for name, array in {
            "a.filters.q": quanta,
            "fc.weights.q": fc,
            "b.depthwise_filter.q": depth,
            **{
                f"{k}.scale_min": np.array([0.5, -3.0])
                for k in ("a.filters", "fc.weights", "b.depthwise_filter")
            },
        }.items()
    }
    found = unpacked(packed)
    assert found["a.filters"][4, 2, 1, 0].item() == quanta[1, 0, 2, 4] * 0.5 - 3
    assert found["fc.weights"][6, 1].item() == fc[1, 6] * 0.5 - 3
    assert found["b.depthwise_filter"].shape == (4, 1, 3, 3)
    assert found["b.depthwise_filter"][3, 0, 2, 1].item() == depth[2, 1, 3, 0] * 0.5 - 3


@pytest.mark.parametrize(("stride", "wanted"), [(1, (10, 9)), (2, (9, 9))])
def test_padding_is_tensorflows(stride: int, wanted: tuple[int, int]) -> None:
    """SAME: ceil(n / stride) windows; the odd pixel is right or below."""
    x = torch.ones(1, 1, 8, 7)
    padded = _padded(x, stride)
    assert padded.shape[-2:] == wanted
    for axis, size in ((-2, 8), (-1, 7)):
        assert (padded.shape[axis] - 3) // stride + 1 == math.ceil(size / stride)
    assert padded[0, 0, 0].sum().item() == (0 if stride == 1 else 7)


def test_expression_error_in_loops() -> None:
    p, q = RNG.dirichlet(np.ones(7), 4), RNG.dirichlet(np.ones(7), 4)
    total = sum((p[t, k] - q[t, k]) ** 2 for t in range(4) for k in range(7))
    assert expression_error(p, q) == pytest.approx(total / 4)
    assert expression_error(p, p) == 0
    one, other = np.eye(7)[:1], np.eye(7)[3:4]
    assert expression_error(one, other) == 2


@pytest.mark.parametrize("roll", [0.0, 30.0, -80.0])
def test_gaze_angles_turn_with_the_head(roll: float) -> None:
    """A look that, seen upright, goes right by 20 degrees goes right and down in a head turned
    clockwise."""
    straight = angles_deg(np.array([0.0, 0, -1]), roll)
    assert straight == pytest.approx([0, 0], abs=1e-9)
    side = math.sin(math.radians(20))
    yaw, pitch = angles_deg(3 * np.array([side, 0, -math.cos(math.radians(20))]), roll)
    down = side * math.sin(math.radians(roll))
    assert pitch == pytest.approx(-math.degrees(math.asin(down)))
    across = side * math.cos(math.radians(roll))
    assert yaw == pytest.approx(math.degrees(math.atan2(across, math.cos(math.radians(20)))))


def test_frames_with_closed_eyes_have_no_gaze() -> None:
    points = np.repeat(FACE[None], 4, axis=0)
    points[3, [40, 41, 46, 47]] = points[3, [38, 37, 44, 43]]
    driver = np.zeros((4, 2))
    output = driver + np.array([[3.0, 0], [3, 0], [3, 0], [90, 90]])
    nothing = np.zeros(2)
    assert gaze_error_deg(output, nothing, driver, nothing, points) == pytest.approx(1.5)
    assert gaze_error_deg(output[:3], nothing, driver[:3], nothing, points[:3]) == 1.5


def test_aed_in_loops() -> None:
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in RNG.normal(size=(2, 3, 8)))
    wanted = np.mean([math.dist(a[t], b[t]) for t in range(3)])
    assert average_distance(a.astype(np.float32), b.astype(np.float32)) == pytest.approx(
        wanted, rel=1e-5
    )


def test_auc_and_failures_of_known_errors_without_unknown_points() -> None:
    """A whole face moved by shares of its eye distance: e is that share in every frame."""
    across = math.dist(FACE[36], FACE[45])
    shares = np.array([0.0, 0.05, 0.2])
    driver = np.repeat(FACE[None], 3, axis=0)
    output = driver + (shares * across)[:, None, None] * np.array([0.6, 0.8])
    driver[:, 72:] = output[:, 72:] = np.nan
    found = frame_errors(output, driver)
    assert found == pytest.approx(shares, abs=1e-5)
    assert auc(found) == pytest.approx((1 + 0.5 + 0) / 3, abs=1e-4)
    assert failures(found) == pytest.approx(100 / 3)


def test_mean_iou_in_closed_form() -> None:
    target = np.zeros((10, 20), np.uint8)
    target[:, 10:] = 1
    found = np.roll(target, 5, axis=1)  # a ring: half of each part lies where it lay
    assert mean_iou(target, target) == 1
    assert mean_iou(found, target) == pytest.approx(50 / 150)
    rare = target.copy()
    rare[0, 0] = 18
    assert mean_iou(rare, target) == pytest.approx((99 / 100 + 1) / 2)
    assert mean_iou(np.full_like(target, 7), target) == 0


def test_a_missing_or_wrong_expression_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="faceapi_face_expression"):
        load_expression(tmp_path)
