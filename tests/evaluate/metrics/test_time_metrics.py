"""Metrics of consecutive frames: closed forms, naive loops, and changes that must not count."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from toy_world import canonical_points

from animate_cli.evaluate.metrics.images.flicker import flicker
from animate_cli.evaluate.metrics.images.flow_warping_error import (
    flow_warping_error,
    shrink_for_flow,
    visible_in_both,
    warp_by_flow,
)
from animate_cli.evaluate.metrics.images.seam import DEPTH, seam
from animate_cli.evaluate.metrics.landmarks.jitter import jitter
from animate_cli.faces.crop import square
from animate_cli.records import Crop

GENERATOR = torch.Generator().manual_seed(0)


class Shift:
    """A network with a known flow, and its reverse for swapped frames."""

    def __init__(self, first: torch.Tensor, x: float, y: float) -> None:
        self.first, self.flow = first, torch.tensor([float(x), float(y)]).view(1, 2, 1, 1)

    def __call__(self, x: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        sign = 1 if torch.equal(x, self.first) else -1
        return sign * self.flow.expand(len(x), 2, *x.shape[-2:])


def picture(height: int = 20, width: int = 24) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=GENERATOR)


def test_a_warp_reads_each_pixel_where_the_flow_points() -> None:
    x, flow = picture(7, 9), torch.zeros(1, 2, 7, 9)
    flow[:, 0], flow[:, 1] = 2, -1
    shifted = warp_by_flow(x, flow)
    for row in range(7):
        for column in range(9):
            there = x[0, :, max(row - 1, 0), min(column + 2, 8)]
            assert torch.allclose(shifted[0, :, row, column], there, atol=1e-5)


def test_flow_error_in_loops() -> None:
    now, before = picture(6, 8), picture(6, 8)
    raft = Shift(now, 1, 0)
    total = []
    for row in range(6):
        for column in range(8):
            there = before[0, :, row, min(column + 1, 7)]
            total.append(float((now[0, :, row, column] - there).square().mean()))
    found = flow_warping_error(raft, now, before, torch.stack((now, before)))
    assert found.item() == pytest.approx(np.mean(total), rel=1e-4)


def test_an_output_that_moves_by_the_flow_has_no_error() -> None:
    before = picture().repeat_interleave(4, dim=3)
    now = torch.cat((before[..., 3:], before[..., -1:].expand(-1, -1, -1, 3)), dim=3)
    outputs = torch.cat((now, now + 0.1))
    earlier = before.expand(2, -1, -1, -1)
    found = flow_warping_error(Shift(now, 3, 0), outputs, earlier, torch.stack((now, before)))
    assert found.tolist() == pytest.approx([0, 0.01], abs=1e-5)


def test_a_pixel_is_visible_in_both_frames_if_the_flows_lead_back() -> None:
    here = torch.full((1, 2, 9, 9), 3.0)
    assert visible_in_both(here, -here).all()
    assert not visible_in_both(here, here).any()
    assert not visible_in_both(here, torch.zeros_like(here)).any()
    assert flow_warping_error(
        lambda x, _: here[..., : x.shape[2], : x.shape[3]], *(picture(9, 9),) * 2, (here, here)
    ).isnan()


def test_large_images_are_shrunk_and_small_ones_kept() -> None:
    assert shrink_for_flow(picture(300, 512)).shape[-2:] == (150, 256)
    x = picture(200, 256)
    assert shrink_for_flow(x) is x


def test_flicker_ignores_constant_errors_and_counts_changing_ones() -> None:
    target = torch.stack((picture(), picture()))
    wrong = target + 0.1
    assert flicker(wrong, target).item() == pytest.approx(0, abs=1e-6)
    wrong[1] += 0.05
    assert flicker(torch.cat((wrong, target), dim=1), target).tolist() == pytest.approx(
        [0.05, 0], abs=1e-6
    )
    still = target[:1].expand(2, -1, -1, -1, -1)
    assert flicker(still, target).item() == pytest.approx(
        (target[1] - target[0]).abs().mean().item(), rel=1e-5
    )


def whole(left: int, top: int, size: int) -> Crop:
    return square((left + (size - 1) / 2, top + (size - 1) / 2), size, size)


def test_a_step_at_the_squares_edge_is_its_height() -> None:
    source = picture(120, 140)
    crop = whole(20, 10, 100)
    outputs = torch.cat((source, source.clone(), source.clone()))
    outputs[1, :, 10:110, 20:120] += 0.2
    outputs[2, :, 40:80, 50:90] += 0.9  # well inside: nothing to hide
    assert seam(outputs, source, crop).tolist() == pytest.approx([0, 0.2, 0], abs=1e-5)


def test_the_border_of_the_photo_is_no_seam() -> None:
    source = picture(100, 140)
    out = source.clone()
    out[..., :100] += 0.2  # a square as high as the photo, at its left: one edge is left
    crop, line = whole(0, 0, 100), 99 - round(100 * DEPTH)
    assert seam(out, source, crop).item() == pytest.approx(0.2, abs=1e-5)
    out[..., line] = source[..., line]
    assert seam(out, source, crop).item() == pytest.approx(0, abs=1e-6)
    assert seam(source, source, whole(-5, -20, 170)).isnan().all()


def test_sms_of_alternating_points_is_twice_their_swing_in_the_fields_size() -> None:
    face = (40 * canonical_points() + 60).astype(np.float32)
    drift = np.stack([face, face + 2, face + 4])
    assert jitter(drift[None], 256) == pytest.approx(0, abs=1e-5)
    swung = drift.copy()
    swung[1, :, 0] += 1.5
    swung[[0, 2], :, 0] -= 1.5
    assert jitter(np.stack((swung, drift)), 512) == pytest.approx(3 / 2 / 2, rel=1e-4)
    assert math.isnan(jitter(np.zeros((0, 3, 74, 2), np.float32), 256))
