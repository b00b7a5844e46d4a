"""Pictures against pictures: closed forms, naive loops, and what each must not see."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchmetrics.functional.image as published
from toy_world import canonical_points

from animate_cli.evaluate.metrics.images.pixel_error import MOST_DB, l1, psnr
from animate_cli.evaluate.metrics.images.region_l1 import (
    GROWN,
    HULLS,
    FaceRegion,
    region_l1,
    region_mask,
)
from animate_cli.evaluate.metrics.images.ssim import ms_ssim, ssim
from animate_cli.faces.landmarks.jitter import interocular_px


def picture(seed: int, height: int = 40, width: int = 32) -> torch.Tensor:
    coarse = torch.from_numpy(np.random.default_rng(seed).random((1, 3, 9, 7), np.float32))
    return F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


@pytest.mark.parametrize("gap", [0.5, 0.1, 0.004])
def test_a_constant_difference_has_closed_forms(gap: float) -> None:
    x, y = torch.full((2, 3, 5, 7), 0.25 + gap), torch.full((1, 3, 5, 7), 0.25)
    assert l1(x, y).tolist() == pytest.approx([gap, gap], rel=1e-4)
    assert psnr(x, y).tolist() == pytest.approx([-20 * math.log10(gap)] * 2, rel=1e-4)


@pytest.mark.parametrize(("metric", "best"), [(l1, 0), (psnr, MOST_DB), (ssim, 1), (ms_ssim, 1)])
def test_equal_pictures_are_perfect(metric, best) -> None:
    x = picture(0, 180, 192)
    assert metric(x, x).item() == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize(("metric", "sign"), [(l1, 1), (psnr, -1), (ssim, -1), (ms_ssim, -1)])
def test_damage_is_seen_and_each_output_is_judged_by_itself(metric, sign) -> None:
    x = picture(0, 180, 192)
    slight, grave = (F.avg_pool2d(x, k, stride=1, padding=k // 2) for k in (3, 9))
    a, b, c = metric(torch.cat((x, slight, grave)), x).tolist()
    assert sign * a < sign * b < sign * c
    assert metric(grave, x).item() == pytest.approx(c, rel=1e-5)


def test_ssim_in_loops() -> None:
    """A Gaussian window of 11 pixels, deviation 1.5, about every pixel; edges are mirrored."""
    x, y = picture(1, 16, 14)[:, :1], picture(2, 16, 14)[:, :1]
    a, b = (np.pad(z[0, 0].double().numpy(), 5, mode="reflect") for z in (x, y))
    bell = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(bell, bell) / np.outer(bell, bell).sum()
    values = []
    for row in range(16):
        for column in range(14):
            p, q = a[row : row + 11, column : column + 11], b[row : row + 11, column : column + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * p * p).sum() - mp**2, (window * q * q).sum() - mq**2
            both = (window * p * q).sum() - mp * mq
            luminance = (2 * mp * mq + 1e-4) / (mp**2 + mq**2 + 1e-4)
            values.append(luminance * (2 * both + 9e-4) / (vp + vq + 9e-4))
    assert ssim(x, y).item() == pytest.approx(np.mean(values), abs=1e-4)


@pytest.mark.parametrize(("height", "width"), [(192, 181), (179, 256)])
def test_structure_is_that_of_torchmetrics(height: int, width: int) -> None:
    y = picture(0, height, width)
    x = torch.cat([torch.lerp(y, picture(k, height, width), 0.3 * k) for k in (1, 2, 3)])
    same = y.expand_as(x).contiguous()
    one = published.structural_similarity_index_measure(x, same, data_range=1.0, reduction="none")
    assert ssim(x, y).tolist() == pytest.approx(one.tolist(), rel=1e-4)
    many = published.multiscale_structural_similarity_index_measure(
        x, same, data_range=1.0, reduction="none"
    )
    assert ms_ssim(x, y).tolist() == pytest.approx(many.tolist(), rel=1e-4)


def test_pictures_too_small_for_five_scales_have_no_ms_ssim() -> None:
    assert ms_ssim(picture(0), picture(1)).isnan().all()


LANDMARKS = 40 * canonical_points() + 60


@pytest.mark.parametrize("region", list(FaceRegion))
def test_a_region_is_its_points_and_what_is_near_them(region: FaceRegion) -> None:
    mask = region_mask(LANDMARKS, region, 120, 120)
    own = sorted({k for hull in HULLS[region] for k in hull})
    inside = np.round(LANDMARKS[own]).astype(int)
    assert mask[inside[:, 1], inside[:, 0]].all()
    rows, columns = np.nonzero(mask)
    low, high = LANDMARKS[own].min(axis=0), LANDMARKS[own].max(axis=0)
    reach = GROWN * float(interocular_px(LANDMARKS)) + 2
    assert (columns >= low[0] - reach).all()
    assert (columns <= high[0] + reach).all()
    assert (rows >= low[1] - reach).all()
    assert (rows <= high[1] + reach).all()


def test_eyes_and_mouth_are_apart_and_in_the_face() -> None:
    face, mouth, eyes = (region_mask(LANDMARKS, region, 120, 120) for region in FaceRegion)
    assert not (mouth & eyes).any()
    assert (face & mouth).sum() == mouth.sum()
    assert 0 < mouth.sum() < face.sum() / 4


def test_only_the_region_counts() -> None:
    mask = np.zeros((6, 5), bool)
    mask[2, 1] = mask[3, 4] = True
    y = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    x = y.clone()
    x[..., ~torch.from_numpy(mask)] = 0
    assert region_l1(x, y, mask).item() == 0
    x[0, :, 2, 1] += torch.tensor([0.3, 0.0, 0.6])
    assert region_l1(x, y, mask).item() == pytest.approx(0.9 / 6, rel=1e-5)


def test_a_region_outside_the_picture_has_no_figure() -> None:
    y = torch.zeros(1, 3, 4, 4)
    assert region_l1(y, y, np.zeros((4, 4), bool)).isnan().all()
