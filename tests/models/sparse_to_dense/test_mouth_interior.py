"""The inside of a mouth: only between lips that part, in the photo's own colours, and learned."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from animate_cli.models.sparse_to_dense.model import INSIDE
from animate_cli.models.sparse_to_dense.mouth_interior import MouthInterior

SIZE = 128
ACROSS = (44.0, 54.0, 64.0, 74.0, 84.0)


def _mouth(gap: float) -> Tensor:
    """Landmarks of a face whose inner lips are so far apart, px: (1, 74, 2)."""
    points = torch.full((1, 74, 2), 30.0)
    points[0, 60:65] = torch.tensor([(x, 80 - gap / 2 * (44 < x < 84)) for x in ACROSS])
    points[0, [67, 66, 65]] = torch.tensor([(x, 80 + gap / 2) for x in ACROSS[1:4]])
    return points


def _face(red: float = 0.8) -> Tensor:
    """(1, 3, S, S)"""
    return torch.tensor((red, 0.5, 0.4))[None, :, None, None].repeat(1, 1, SIZE, SIZE)


SHUT, OPEN = _mouth(1), _mouth(20)


def test_a_mouth_that_opens_is_dark_between_the_lips_and_as_it_was_elsewhere() -> None:
    face = _face()
    laid, share = MouthInterior(INSIDE)(face, face, SHUT, OPEN)
    assert share[0, 0, 80, 64] == 1
    torch.testing.assert_close(laid[0, :, 80, 64], 0.4 * face[0, :, 0, 0])
    outside = share[0, 0] == 0
    assert torch.equal(laid[0][:, outside], face[0][:, outside])
    assert outside[:69].all()
    assert outside[91:].all()
    assert outside[:, :44].all()
    assert outside[:, 85:].all()


@pytest.mark.parametrize("gap", [0.0, 6.0, 20.0])
def test_a_mouth_that_opens_no_further_keeps_what_it_shows(gap: float) -> None:
    face = _face()
    laid, share = MouthInterior(INSIDE)(face, face, _mouth(gap), _mouth(gap))
    assert share.max() == 0
    assert torch.equal(laid, face)


def test_the_interior_grows_with_the_aperture_without_a_jump() -> None:
    face, network = _face(), MouthInterior(INSIDE)
    middle = [
        float(network(face, face, _mouth(4), _mouth(gap / 2))[1][0, 0, 80, 64])
        for gap in range(8, 32)
    ]
    steps = torch.tensor(middle).diff()
    assert middle[0] == 0
    assert middle[-1] == 1
    assert steps.min() >= 0
    assert steps.max() < 0.25


def test_lips_that_shut_on_teeth_show_their_shadow_alone() -> None:
    face = _face()
    laid, share = MouthInterior(INSIDE)(face, face, OPEN, _mouth(0.5))
    assert share[0, 0, 80, 54:75].min() == 1
    assert share[0, 0, 78].max() == 0
    assert share[0, 0, 82].max() == 0
    torch.testing.assert_close(laid[0, :, 80, 64], 0.4 * face[0, :, 0, 0])


def test_teeth_are_where_they_were_learned_however_the_head_leans() -> None:
    """A band under the upper lip turns with the mouth."""
    network = MouthInterior(INSIDE)
    with torch.no_grad():
        network.colours[:3, :, :6] = 0.12
    face = _face()
    turn = torch.tensor([[0.8, 0.6], [-0.6, 0.8]])
    leaning = (OPEN - 64) @ turn + 64
    laid, _ = network(face, face, (SHUT - 64) @ turn + 64, leaning)
    for depth, shown in ((-8.0, 1.0), (6.0, 0.4)):
        x, y = ((torch.tensor([64.0, 80 + depth]) - 64) @ turn + 64).round().int().tolist()
        assert float(laid.detach()[0, 0, y, x]) == pytest.approx(0.8 * shown, abs=0.05)


def test_places_are_as_exact_where_convolutions_are_computed_in_half_precision() -> None:
    turn = torch.tensor([[0.8, 0.6], [-0.6, 0.8]])
    shut, leaning = ((mouth - 64) @ turn + 64 for mouth in (SHUT, OPEN))
    network, face = MouthInterior(INSIDE), _face()
    exact = network(face, face, shut, leaning)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(face, face, shut, leaning)
    for one, other in zip(exact, half, strict=True):
        torch.testing.assert_close(one, other.float(), atol=0.02, rtol=0)


def test_a_frame_does_not_depend_on_its_batch_nor_on_being_inside_the_square() -> None:
    network, face = MouthInterior(INSIDE), _face()
    outputs = torch.cat((OPEN, _mouth(9), OPEN + 400, torch.full_like(OPEN, 64.0)))
    many = [x.expand(4, -1, -1, -1) for x in (face, face)]
    laid, share = network(*many, SHUT.expand(4, -1, -1), outputs)
    for k in range(4):
        alone = network(face, face, SHUT, outputs[k : k + 1])
        torch.testing.assert_close(laid[k : k + 1], alone[0])
        torch.testing.assert_close(share[k : k + 1], alone[1])
    assert share[2].max() == 0
    assert laid.isfinite().all()


def test_it_learns_and_takes_the_tone_of_the_photo() -> None:
    network, target = MouthInterior(INSIDE), 0.3
    face = torch.cat((_face(0.8), _face(0.4)))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(60):
        laid, share = network(face, face, SHUT.expand(2, -1, -1), OPEN.expand(2, -1, -1))
        loss = (share * (laid - target * face)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for k in range(2):
        torch.testing.assert_close(laid[k, :, 80, 64], target * face[k, :, 0, 0], atol=0.03, rtol=0)
