"""The matte network: sizes of its input, and its dependence on the face's place."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from animate_cli.faces.segmentation.matte_network import MatteConfig, MatteNetwork

SIZE = 64


def network() -> MatteNetwork:
    torch.manual_seed(0)
    return MatteNetwork(MatteConfig(size=SIZE, widths=(6, 8), blocks=1)).eval()


def face() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    small = torch.rand(2, 3, 8, 8, generator=rng)
    picture = F.interpolate(small, (SIZE, SIZE), mode="bilinear", align_corners=False)
    return picture, 16 + 32 * torch.rand(2, 12, 2, generator=rng)


def test_a_matte_is_an_opacity_per_pixel() -> None:
    picture, points = face()
    matte = network()(picture, points)
    assert matte.shape == (2, 1, SIZE, SIZE)
    assert (matte >= 0).all()
    assert (matte <= 1).all()


def test_a_larger_picture_is_resized_to_the_networks_size() -> None:
    picture, points = face()
    large = F.interpolate(picture, (2 * SIZE, 2 * SIZE), mode="bilinear", align_corners=False)
    matte = network()(large, 2 * points + 0.5)
    assert matte.shape == (2, 1, 2 * SIZE, 2 * SIZE)
    small = F.avg_pool2d(matte, 2)
    assert (small - network()(picture, points)).abs().mean() < 0.01


def test_another_place_of_the_face_gives_another_matte() -> None:
    picture, points = face()
    apart = network()(picture, points + 8) - network()(picture, points)
    assert apart.abs().max() > 1e-3
