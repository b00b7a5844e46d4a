"""Where a field folds it is smoothed, and nothing but that."""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.models.thin_plate.radial_spline import (
    LEAST_JACOBIAN,
    RadialSpline,
    jacobian,
    remove_folds,
)

SIZE = 256


def _swell(nodes: Tensor, *, centre: float, height: float, width: float) -> Tensor:
    """A displacement to the right, largest at one node: (1, 2, L, L) px."""
    x, y = nodes, nodes[:, None]
    swell = height * torch.exp(-((x - centre) ** 2 + (y - centre) ** 2) / (2 * width**2))
    return torch.stack((swell, torch.zeros_like(swell)))[None]


def test_a_field_without_folds_is_left_alone() -> None:
    nodes = RadialSpline(SIZE).nodes
    field = _swell(nodes, centre=128, height=20, width=40)
    assert jacobian(field, nodes).min() > LEAST_JACOBIAN
    assert torch.equal(remove_folds(field, nodes), field)


def test_a_narrow_fold_costs_the_rest_of_the_field_nothing() -> None:
    nodes = RadialSpline(SIZE).nodes
    head = _swell(nodes, centre=100, height=20, width=40)
    spike = _swell(nodes, centre=140, height=60, width=5)
    out = remove_folds(head + spike, nodes)
    assert jacobian(out, nodes).min() >= LEAST_JACOBIAN
    far = (nodes < 80) & (nodes > 20)
    torch.testing.assert_close(out[:, :, far][..., far], head[:, :, far][..., far])


def test_a_wide_fold_keeps_most_of_the_motion() -> None:
    """A head that moves further than the room beside it: it must not stay behind."""
    nodes = RadialSpline(SIZE).nodes
    field = _swell(nodes, centre=128, height=-60, width=28)
    assert jacobian(field, nodes).min() < 0
    out = remove_folds(field, nodes)
    assert jacobian(out, nodes).min() >= LEAST_JACOBIAN
    assert out.square().sum().sqrt() > 0.85 * field.square().sum().sqrt()


def test_smoothing_leaves_the_edge_where_it_is() -> None:
    """The square is put back into a photo that does not move."""
    nodes = RadialSpline(SIZE).nodes
    fade = ((nodes < nodes[-1]) & (nodes > 0)).float()
    field = fade * fade[:, None] * _swell(nodes, centre=250, height=40, width=30)
    assert jacobian(field, nodes).min() < 0
    out = remove_folds(field, nodes)
    for edge in (out[..., 0], out[..., -1], out[..., 0, :], out[..., -1, :]):
        assert edge.abs().max() == 0
