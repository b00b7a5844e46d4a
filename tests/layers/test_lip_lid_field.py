"""A field corrected at lips and lids: exact at the contour's landmarks, unchanged elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from animate_cli.layers.grid import pixel_to_normalised, warp
from animate_cli.layers.lip_lid_field import ApertureContour, correct_apertures

SIZE = 128
CURVES = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 4), (0, 8, 9, 10, 4), (0, 11, 12, 13, 4))
CONTOUR = ApertureContour(curves=CURVES, fade=0.3)
ACROSS = (44.0, 54.0, 64.0, 74.0, 84.0)  # x of a curve's points


def _mouth(outer: float, upper: float, lower: float, below: float) -> Tensor:
    """Four curves at these heights above and below y = 64: (1, 14, 2) px."""
    inner = ACROSS[1:4]
    points = [(x, 64.0 - outer * (x not in (44.0, 84.0))) for x in ACROSS]
    points += [(x, 64.0 - upper) for x in inner]
    points += [(x, 64.0 + lower) for x in inner]
    points += [(x, 64.0 + below) for x in inner]
    return torch.tensor(points)[None]


SHUT = _mouth(8, 1, 1, 8)
OPEN = _mouth(11, 4, 14, 21)


def _turn(degrees: float) -> Tensor:
    a = math.radians(degrees)
    return torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])


def _read(flow_px: Tensor, points: Tensor) -> Tensor:
    """The field at points (B, K, 2) px, read bilinearly."""
    at = pixel_to_normalised(points, SIZE)[:, None]
    return warp(flow_px, at)[:, :, 0].transpose(1, 2)


def _still(count: int = 1) -> Tensor:
    return torch.zeros(count, 2, SIZE, SIZE)


def test_every_point_of_a_mouth_that_opens_lands() -> None:
    flow = correct_apertures(_still(), SHUT, OPEN, (CONTOUR,))
    torch.testing.assert_close(_read(flow, OPEN), SHUT - OPEN, atol=0.35, rtol=0)


def test_lips_keep_their_thickness_and_nothing_else_comes_between_them() -> None:
    flow = correct_apertures(_still(), SHUT, OPEN, (CONTOUR,))
    rows = torch.tensor([[64.0, 64.0 + y] for y in (17.5, 5.0, -7.5)])[None]  # lip, inside, lip
    found = (rows + _read(flow, rows))[0, :, 1] - 64
    torch.testing.assert_close(found, torch.tensor([4.5, 0.0, -4.5]), atol=0.2, rtol=0)


@pytest.mark.parametrize("lean", [0.0, 25.0])
def test_teeth_keep_their_height_when_the_mouth_about_them_opens_or_shuts(lean: float) -> None:
    """A smile's hang from the upper lip; of what a wide open mouth shows, four tenths stand on the
    lower one. The head leans on the way."""
    contour = replace(CONTOUR, aperture=(CURVES[1], CURVES[2]))
    smile, gape = _mouth(10, 4, 4, 10), _mouth(18, 12, 12, 18)
    turn = _turn(lean)
    for source, output, looks in (
        (smile, _mouth(15, 9, 15, 22), ((-9, -4, 2.5), (-9, -4, 6.0))),
        (smile, _mouth(9, 3, 3, 9), ((-3, -4, 2.0), (-3, -4, 4.0))),
        (
            gape,
            _mouth(21, 15, 18, 24),
            ((-15, -12, 3.0), (-15, -12, 12.0), (18, 12, -3.0), (18, 12, -7.0)),
        ),
        (gape, _mouth(12, 6, 6, 12), ((-6, -12, 2.0), (-6, -12, 5.0), (6, 12, -2.0))),
    ):
        flow = correct_apertures(_still(), source, (output - 64) @ turn + 64, (contour,))
        for there, here, depth in looks:
            place = (torch.tensor([[[64.0, 64.0 + there + depth]]]) - 64) @ turn + 64
            found = place + _read(flow, place)
            wanted = torch.tensor([[[64.0, 64.0 + here + depth]]])
            torch.testing.assert_close(found, wanted, atol=0.5, rtol=0)


def test_a_mouth_at_rest_is_left_exactly_as_it_is() -> None:
    contour = replace(CONTOUR, aperture=(CURVES[1], CURVES[2]))
    for mouth in (SHUT, OPEN):
        assert correct_apertures(_still(), mouth, mouth, (contour,)).abs().max() == 0


def test_only_the_missing_displacement_is_added_to_the_field() -> None:
    generator = torch.Generator().manual_seed(3)
    bent = torch.nn.functional.interpolate(
        8 * torch.randn(1, 2, 6, 6, generator=generator), (SIZE, SIZE), mode="bicubic"
    )
    flow = correct_apertures(bent, SHUT, OPEN, (CONTOUR,))
    torch.testing.assert_close(_read(flow, OPEN), SHUT - OPEN, atol=0.4, rtol=0)
    kept = correct_apertures(bent, OPEN + _read(bent, OPEN), OPEN, (CONTOUR,))
    torch.testing.assert_close(kept, bent, atol=1e-4, rtol=0)


def test_far_away_nothing_changes_and_the_given_field_stays() -> None:
    given = _still()
    flow = correct_apertures(given, SHUT, OPEN, (CONTOUR,))
    assert given.abs().max() == 0
    assert flow[..., :12, :].abs().max() == 0
    assert flow[..., :4].abs().max() == 0
    assert flow.abs().max() > 12


@pytest.mark.parametrize("contour", [CONTOUR, replace(CONTOUR, aperture=(CURVES[1], CURVES[2]))])
def test_a_frame_does_not_depend_on_its_batch(contour: ApertureContour) -> None:
    wide = _mouth(20, 9, 25, 34) + torch.tensor([6.0, -9.0])
    both = correct_apertures(_still(2), SHUT.expand(2, -1, -1), torch.cat((OPEN, wide)), (contour,))
    for frame, output in enumerate((OPEN, wide)):
        alone = correct_apertures(_still(), SHUT, output, (contour,))
        torch.testing.assert_close(both[frame : frame + 1], alone, atol=1e-4, rtol=0)


@pytest.mark.parametrize("contour", [CONTOUR, replace(CONTOUR, aperture=(CURVES[1], CURVES[2]))])
def test_crossed_and_coincident_points_and_those_outside_stay_finite(
    contour: ApertureContour,
) -> None:
    crossed = OPEN[:, [4, 3, 2, 1, 0, *range(8, 11), *range(5, 8), 11, 12, 13]]
    point = torch.full_like(OPEN, 64.0)
    for output in (crossed, point, OPEN + 90.0, OPEN - 500.0):
        flow = correct_apertures(_still(), SHUT, output, (contour,))
        assert flow.isfinite().all()
        assert flow.abs().max() < 1000


def test_a_correction_ends_at_the_landmark_below_the_contour_and_with_the_window() -> None:
    chin = torch.tensor([[[64.0, 64.0 + 31]]])
    shut, parted = (torch.cat((mouth, chin), dim=1) for mouth in (SHUT, OPEN))
    unlimited = correct_apertures(_still(), shut, parted, (CONTOUR,))
    limited = correct_apertures(_still(), shut, parted, (replace(CONTOUR, until=14),))
    assert _read(unlimited, chin).abs().max() > 5
    assert _read(limited, chin).abs().max() < 0.1
    torch.testing.assert_close(_read(limited, OPEN), SHUT - OPEN, atol=0.35, rtol=0)
    window = torch.zeros(SIZE, SIZE)
    window[:, 64:] = 1
    seen = correct_apertures(_still(), shut, parted, (CONTOUR,), window)
    assert seen[..., :64].abs().max() == 0
    assert torch.equal(seen[..., 64:], unlimited[..., 64:])
