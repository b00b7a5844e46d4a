"""The same laws for every operator: odd, unequal sizes; batch independence; gradients; identity.

Where an operator has a test file of its own, its oracle and its identity are there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from animate_cli.layers.colour import grey
from animate_cli.layers.conv_blocks import ConvNorm, ResidualBlock
from animate_cli.layers.grid import (
    identity_grid,
    resize_grid,
    sample,
    warp,
    warp_maps,
    warp_sharply,
)
from animate_cli.layers.heatmap import expected_points, gaussian, normalise, spread
from animate_cli.layers.pixel_shuffle import channels_to_pixels, pixels_to_channels
from animate_cli.layers.roi import landmark_region
from animate_cli.layers.smoothstep import smooth_step
from animate_cli.layers.upsample_conv import UpsampleConv2d
from animate_cli.models.sparse_to_dense.adain import AdaIN, LandmarkCode
from animate_cli.models.sparse_to_dense.add_motion import AddMotion
from animate_cli.models.sparse_to_dense.background import inpaint_pull_push

HEIGHT, WIDTH = 5, 7


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A function of batches, its inputs' shapes without the batch, and its output's."""

    call: Callable[..., Tensor]
    inputs: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    has_gradient: bool = True


def _points(points: Tensor) -> Tensor:
    """Random numbers as normalised places inside the picture."""
    return 0.8 * points.tanh()


def _cut(picture: Tensor, points: Tensor) -> Tensor:
    return landmark_region(_points(points), 1.5).cut(picture, 4)


def _spread(logits: Tensor) -> Tensor:
    probability = normalise(logits)
    return spread(probability, expected_points(probability))


torch.manual_seed(0)
_ADAIN, _CODE = AdaIN(3, 6).double(), LandmarkCode(4, 6).double()
_ADD = AddMotion(4, 3, 6).double()
_CONV, _GROWS = ConvNorm(3, 2).double().eval(), ConvNorm(3, 2, grows=True).double().eval()
_HALVES = ConvNorm(3, 2, stride=2).double().eval()
_RESIDUAL, _UPSAMPLE = ResidualBlock(3).double().eval(), UpsampleConv2d(3, 2).double()

PICTURE, GRID = (3, HEIGHT, WIDTH), (4, 6, 2)
OPERATORS = {
    "warp": Operator(
        call=lambda x, g: warp(x, _points(g)), inputs=(PICTURE, GRID), output=(3, 4, 6)
    ),
    "warp_maps": Operator(
        call=lambda x, g: warp_maps(x, _points(g)), inputs=(PICTURE, GRID), output=(3, 4, 6)
    ),
    "warp_sharply": Operator(
        call=lambda x, g: warp_sharply(x.sigmoid(), _points(g)),
        inputs=(PICTURE, GRID),
        output=(3, 4, 6),
    ),
    "sample": Operator(
        call=lambda x, g: sample(x, _points(g)), inputs=(PICTURE, GRID), output=(3, 4, 6)
    ),
    "resize_grid, larger": Operator(
        call=lambda g: resize_grid(g, 7, 9), inputs=(GRID,), output=(7, 9, 2)
    ),
    "resize_grid, smaller": Operator(
        call=lambda g: resize_grid(g, 3, 5), inputs=(GRID,), output=(3, 5, 2)
    ),
    "grey": Operator(call=grey, inputs=(PICTURE,), output=(1, HEIGHT, WIDTH)),
    "smooth_step": Operator(call=smooth_step, inputs=(PICTURE,), output=PICTURE),
    "pixels_to_channels": Operator(
        call=lambda x: pixels_to_channels(x, 3), inputs=((2, 9, 15),), output=(18, 3, 5)
    ),
    "channels_to_pixels": Operator(
        call=lambda x: channels_to_pixels(x, 3), inputs=((18, 3, 5),), output=(2, 9, 15)
    ),
    "heatmap.normalise": Operator(call=normalise, inputs=(PICTURE,), output=PICTURE),
    "heatmap.expected_points": Operator(
        call=lambda z: expected_points(normalise(z)), inputs=(PICTURE,), output=(3, 2)
    ),
    "heatmap.spread": Operator(call=_spread, inputs=(PICTURE,), output=(3,)),
    "heatmap.gaussian": Operator(
        call=lambda p: gaussian(_points(p), HEIGHT, WIDTH, sigma_cells=1.5),
        inputs=((3, 2),),
        output=PICTURE,
    ),
    "roi.cut": Operator(call=_cut, inputs=(PICTURE, (4, 2)), output=(3, 4, 4)),
    "ConvNorm": Operator(call=_CONV, inputs=(PICTURE,), output=(2, HEIGHT, WIDTH)),
    "ConvNorm, halving": Operator(call=_HALVES, inputs=(PICTURE,), output=(2, 3, 4)),
    "ConvNorm, growing": Operator(
        call=_GROWS, inputs=(PICTURE,), output=(2, 2 * HEIGHT, 2 * WIDTH)
    ),
    "ResidualBlock": Operator(call=_RESIDUAL, inputs=(PICTURE,), output=PICTURE),
    "UpsampleConv2d": Operator(
        call=_UPSAMPLE, inputs=(PICTURE,), output=(2, 2 * HEIGHT, 2 * WIDTH)
    ),
    "AdaIN": Operator(
        call=lambda x, p: _ADAIN(x, _CODE(p)), inputs=(PICTURE, (4, 2)), output=PICTURE
    ),
    "AddMotion": Operator(call=_ADD, inputs=(PICTURE, (4, 2)), output=PICTURE),
    "inpaint_pull_push": Operator(
        call=lambda x, known: inpaint_pull_push(x, (known > 0).to(x.dtype)),
        inputs=(PICTURE, (1, HEIGHT, WIDTH)),
        output=PICTURE,
        has_gradient=False,  # it is applied to photos, and is not learned through
    ),
}

every_operator = pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)


def _inputs(operator: Operator, batch: int) -> list[Tensor]:
    random = torch.Generator().manual_seed(2)
    return [
        torch.randn(batch, *shape, generator=random, dtype=torch.float64)
        for shape in operator.inputs
    ]


@every_operator
@pytest.mark.parametrize("batch", [1, 3])
def test_shapes_of_odd_and_unequal_sizes(operator: Operator, batch: int) -> None:
    assert operator.call(*_inputs(operator, batch)).shape == (batch, *operator.output)


@every_operator
def test_a_batch_of_three_is_three_of_one(operator: Operator) -> None:
    inputs = _inputs(operator, 3)
    together = operator.call(*inputs)
    for k in range(3):
        alone = operator.call(*(x[k : k + 1] for x in inputs))
        torch.testing.assert_close(alone, together[k : k + 1])


@every_operator
def test_inputs_are_left_as_they_are(operator: Operator) -> None:
    inputs = _inputs(operator, 2)
    kept = [x.clone() for x in inputs]
    with torch.no_grad():
        operator.call(*inputs)
    assert all(torch.equal(x, y) for x, y in zip(inputs, kept, strict=True))


@pytest.mark.parametrize("name", [n for n, one in OPERATORS.items() if one.has_gradient])
def test_gradients(name: str) -> None:
    operator = OPERATORS[name]
    inputs = [x.requires_grad_() for x in _inputs(operator, 1)]
    assert torch.autograd.gradcheck(operator.call, inputs)


@pytest.mark.parametrize("warper", [warp, warp_maps, warp_sharply])
def test_the_identity_grid_gives_the_picture_back(
    warper: Callable[[Tensor, Tensor], Tensor],
) -> None:
    picture = torch.rand(1, *PICTURE, dtype=torch.float64)
    identity = identity_grid(HEIGHT, WIDTH, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(warper(picture, identity), picture)


def test_a_region_of_the_whole_picture_is_the_picture() -> None:
    picture = torch.rand(1, 3, 6, 6)
    corners = torch.tensor([[[-1.0, -1.0], [1.0, 1.0]]])
    torch.testing.assert_close(landmark_region(corners, 1.0).cut(picture, 6), picture)


def test_a_region_maps_points_there_and_back() -> None:
    points = torch.rand(2, 5, 2)
    region = landmark_region(points, 1.7)
    torch.testing.assert_close(region.out(region.into(points)), points)
    assert region.into(points).abs().max() == pytest.approx(1 / 1.7, abs=1e-5)


def test_grey_against_loops() -> None:
    picture = torch.rand(2, 3, 3, 2)
    for b in range(2):
        for y in range(3):
            for x in range(2):
                red, green, blue = picture[b, :, y, x].tolist()
                expected = 0.299 * red + 0.587 * green + 0.114 * blue
                assert grey(picture)[b, 0, y, x].item() == pytest.approx(expected, abs=1e-6)


def test_smooth_step_against_its_formula() -> None:
    for ratio in (-1.0, 0.0, 0.25, 0.5, 0.9, 1.0, 3.0):
        t = min(max(ratio, 0.0), 1.0)
        expected = 3 * math.pow(t, 2) - 2 * math.pow(t, 3)
        assert smooth_step(torch.tensor(ratio)).item() == pytest.approx(expected, abs=1e-6)
