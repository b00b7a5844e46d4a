"""A person moves over a background at rest: uncovered pixels are inpainted, no others change."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from test_network import SIZE, SMALL, face, identity, shaken
from torch import Tensor

from animate_cli.layers.grid import identity_grid
from animate_cli.models.sparse_to_dense.background import (
    composite,
    inpaint_pull_push,
    split_background,
    split_grid,
)
from animate_cli.models.sparse_to_dense.network import SparseMotion

SIDE = 64
PERSON = slice(20, 44)
GREY, WHITE = 0.25, 1.0


def photo() -> tuple[Tensor, Tensor]:
    """A white square on grey, and its matte."""
    matte = torch.zeros(1, 1, SIDE, SIDE)
    matte[..., PERSON, PERSON] = 1
    return (GREY + (WHITE - GREY) * matte).expand(-1, 3, -1, -1), matte


def moved(px: float) -> Tensor:
    """A grid that takes everything to the right."""
    grid = identity_of(SIDE).clone()
    grid[..., 0] -= 2 * px / SIDE
    return grid


def identity_of(size: int) -> Tensor:
    return identity_grid(size, size)


def test_at_rest_it_is_the_photo() -> None:
    picture, matte = photo()
    composed = composite(picture, split_background(picture, matte), identity_of(SIDE))
    assert torch.allclose(composed.warped, picture, atol=1e-5)


def test_the_person_moves_and_uncovers_the_inpainted_background() -> None:
    picture, matte = photo()
    composed = composite(picture, split_background(picture, matte), moved(10))
    expected = torch.full_like(picture, GREY)
    expected[..., PERSON, PERSON.start + 10 : PERSON.stop + 10] = WHITE
    assert torch.allclose(composed.warped, expected, atol=1e-4)


def test_far_from_the_person_a_picture_of_noise_stays_as_it_is() -> None:
    _, matte = photo()
    noise = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    composed = composite(noise, split_background(noise, matte), moved(6))
    far = torch.ones(SIDE, SIDE, dtype=torch.bool)
    far[PERSON.start - 4 : PERSON.stop + 4, PERSON.start - 4 : PERSON.stop + 12] = False
    assert torch.equal(composed.warped[..., far], noise[..., far])
    assert (composed.near[0, 0][far] == 0).float().mean() > 0.8


def test_an_outline_stays_with_the_person_at_rest_and_does_not_stay_behind_in_motion() -> None:
    picture, matte = (x.repeat_interleave(4, 2).repeat_interleave(4, 3) for x in photo())
    halo, beside = picture.clone(), 4 * PERSON.start - 2
    halo[..., beside] = 0.6  # the outline is two pixels off
    layers = split_background(halo, matte)
    away = identity_of(4 * SIDE).clone()
    away[..., 0] -= 0.1
    rest = composite(halo, layers, identity_of(4 * SIDE)).warped
    assert (rest[..., 120, beside] == 0.6).all()
    gone = composite(halo, layers, away).warped
    assert (gone[..., 120, beside] - GREY).abs().max() < 0.02


def test_unknown_pixels_are_inpainted_from_around() -> None:
    ramp = torch.linspace(0, 1, SIDE).expand(1, 3, SIDE, SIDE)
    known = torch.ones(1, 1, SIDE, SIDE)
    known[..., PERSON, PERSON] = 0
    closed = inpaint_pull_push(ramp * known, known)
    kept = known[0, 0] == 1
    assert torch.allclose(closed[..., kept], ramp[..., kept])
    assert (closed - ramp).abs().max() < 0.15


@pytest.mark.parametrize("side", [64, 60, 37])
def test_a_picture_without_known_pixels_is_inpainted_all_the_same(side: int) -> None:
    assert torch.isfinite(
        inpaint_pull_push(torch.rand(2, 3, side, side), torch.zeros(2, 1, side, side))
    ).all()


def test_the_background_keeps_the_photos_detail_and_points_at_itself() -> None:
    picture, matte = photo()
    layers = split_background(picture, matte)
    grid = moved(10)
    composed = composite(picture, layers, grid)
    share = composed.share
    own, lost = split_grid(grid, torch.zeros_like(matte), share, composed.disoccluded)
    person = share[0, 0] == 1
    assert torch.equal(own[0][person], grid[0][person])
    assert torch.equal(own[0][~person], identity_of(SIDE)[0][~person])
    assert (lost[0, 0][person] == 0).all()
    assert (lost[0, 0, PERSON, PERSON.start] == 1).all()  # uncovered: nobody knows
    assert (lost[0, 0, :8] == 0).all()


@pytest.mark.parametrize("layered", [False, True])
def test_a_matte_goes_with_a_layered_network_alone(*, layered: bool) -> None:
    network = SparseMotion(replace(SMALL, layered=layered))
    picture, source, _ = face()
    with pytest.raises(ValueError, match="matte"):
        network.encode(picture, source, None if layered else torch.ones(2, 1, SIZE, SIZE))


def test_a_network_leaves_the_background_alone_with_any_weights() -> None:
    network = shaken(SparseMotion(replace(SMALL, layered=True)))
    picture, source, driver = face()
    matte = torch.zeros(2, 1, SIZE, SIZE)
    matte[..., 24:40, 24:40] = 1
    drawn = network(picture, source, driver, identity(2), matte)
    plain = shaken(SparseMotion(SMALL))(picture, source, driver, identity(2))
    still = (drawn.image - picture).abs().amax(dim=1) < 1e-6
    assert still[:, :8].all()
    assert not ((plain.image - picture).abs().amax(dim=1) < 1e-6)[:, :8].all()
    assert not still[:, 24:40, 24:40].all()
