"""Scattered displacements -> a dense field: a radial spline through control points.

Bookstein 1989, *Principal Warps: Thin-Plate Splines and the Decomposition of Deformations*.

    symbol | name         | shape            | equation
    q      | controls     | (B, K, 2)        | `RadialSpline.field`, output pixels
    v      | values       | (B, K, 2)        | displacement at each control, pixels
    U      | kernel       | (B, K, K)        | `_kernel`
    w, a   | coefficients | (B, K + 3, 2)    | eq. 4, `_solve`
    f      | field        | (B, 2, L, L)     | eq. 5: f(x) = a₀ + a₁x + a₂y + Σ wₖ U(|x − qₖ|)

Departures from the paper
    kernel     U = √(r² + c²) (Hardy's multiquadric) for r² ln r: where values jump between
               neighbours (lids that meet) the thin plate overshoots and drags the brows along
    ridge      coincident controls make the system singular; a small ridge averages them. Where
               values differ more than controls do (lids that meet, a far cheek) the exact spline
               overshoots by many times the values it is given: there the ridge is larger
    lattice    f is evaluated on L x L nodes, dense in the middle, and read between them by cubic
               splines; a second solve with the same matrix takes out the lattice's error, and some
               of a large ridge's
    folding    where the field would fold (Jacobian below `LEAST_JACOBIAN`) f is smoothed
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.layers.smoothstep import smooth_step

LEAST_JACOBIAN = 0.2
_SOFTNESS_PX = 2.0  # c: smaller is sharper between neighbours, larger overshoots more
_RIDGE, _RIDGE_AT_JUMPS = 1e-5, 2e-2
_JUMPS = 1.0, 4.0  # of two values' difference over their controls' distance
_TOGETHER_PX = 0.5  # controls that are closer count as coincident
_FINE_PX, _COARSE_PX = 2.4, 9.0
_FINE_FROM, _FINE_TO = 0.2, 0.8  # share of the square's side in which nodes are dense
_NARROW_STEPS, _WIDENING_STEPS, _SCALING_STEPS = 8, 24, 16


class RadialSpline:
    """Fields over a square of `size` pixels, from values at scattered points.

    coarseness: spacing of the lattice's nodes; 2 costs a third and is still exact at the controls
    where these are no closer than the nodes.
    """

    def __init__(
        self, size: int, *, coarseness: float = 1.0, device: torch.device | str = "cpu"
    ) -> None:
        nodes = _lattice(size, coarseness)
        self.size = size
        self.nodes = torch.tensor(nodes, dtype=torch.float32, device=device)  # (L,) px
        between = cubic_spline_matrix(nodes, size)
        self._to_pixels = torch.tensor(between, dtype=torch.float32, device=device)  # (S, L)

    def field(self, controls_px: Tensor, values: Tensor, window: Tensor, calm: Tensor) -> Tensor:
        """The field that takes the values at the controls: (B, K, 2) twice -> (B, 2, S, S).

        window (L, L): multiplies the field on the lattice, which pins it at the edges; calm
        (B, L, L) px: shortens the field, so that small displacements vanish there.

        Read bilinearly at a control, the error is below 0.05 px where controls are 2 px apart and
        their values differ by no more than that. On a CPU one sample is computed at a time, because
        its kernel then stays in the cache.
        """
        count = len(controls_px)
        step = 1 if controls_px.device.type == "cpu" else count
        batches = [slice(start, start + step) for start in range(0, count, step)]
        return torch.cat([self._field(controls_px[k], values[k], window, calm[k]) for k in batches])

    def _field(self, controls_px: Tensor, values: Tensor, window: Tensor, calm: Tensor) -> Tensor:
        """`field`, all samples at once."""
        unit = 2 / self.size
        exact_px = controls_px.double()
        system = _system(exact_px * unit, _ridge(exact_px, values.double()))
        factors = torch.linalg.lu_factor(system)
        basis = self._basis(controls_px * unit)  # (B, L, L, K)
        landing = self._landing(controls_px)
        weights = _solve(factors, values)
        miss = values - _read(self._evaluate(basis, weights), landing)
        field = self._evaluate(basis, weights + _solve(factors, miss))
        calmed = limit_displacement(field * window, calm[:, None])
        return self._to_pixels @ remove_folds(calmed, self.nodes) @ self._to_pixels.T

    def _basis(self, controls: Tensor) -> Tensor:
        """U between every node and every control: (B, K, 2) -> (B, L, L, K)."""
        nodes = (self.nodes * (2 / self.size))[:, None]
        x, y = (nodes - controls[:, None, :, axis] for axis in (0, 1))  # (B, L, K)
        return _kernel(x[:, None], y[:, :, None])

    def _evaluate(self, basis: Tensor, weights: Tensor) -> Tensor:
        """f on the lattice: basis (B, L, L, K), weights (B, K + 3, 2) -> (B, 2, L, L)."""
        nodes = self.nodes * (2 / self.size)
        count = basis.shape[-1]
        bent = (basis.flatten(1, 2) @ weights[:, :count]).view(*basis.shape[:3], 2)
        a0, a1, a2 = weights[:, count:, None, None].unbind(dim=1)  # (B, 1, 1, 2)
        field: Tensor = bent + a0 + a1 * nodes[:, None] + a2 * nodes[:, None, None]
        return field.permute(0, 3, 1, 2)

    def _landing(self, controls_px: Tensor) -> tuple[Tensor, Tensor]:
        """Rows (B, K, L) for x and y that read the lattice like bilinear sampling of the pixels."""
        low = controls_px.floor().clamp(0, self.size - 2)
        share = (controls_px - low).clamp(0, 1)[..., None]  # (B, K, 2, 1)
        index = low.long()
        rows = torch.lerp(self._to_pixels[index], self._to_pixels[index + 1], share)
        return rows[:, :, 0], rows[:, :, 1]


def _read(field: Tensor, landing: tuple[Tensor, Tensor]) -> Tensor:
    """The field at the controls: (B, 2, L, L), rows of `_landing` -> (B, K, 2)."""
    x, y = landing
    return ((y[:, None] @ field) * x[:, None]).sum(dim=-1).transpose(1, 2)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    """U(r) = √(r² + c²), r² = x² + y², for differences that broadcast."""
    softness = 2 * _SOFTNESS_PX / 256
    return (x.square().add_(softness**2) + y.square()).sqrt_()


def _ridge(controls_px: Tensor, values: Tensor) -> Tensor:
    """The ridge of each control, larger where values jump: (B, K, 2) px twice -> (B, K)."""
    apart, differ = (torch.cdist(points, points) for points in (controls_px, values))
    jump = (differ / (apart.square() + _TOGETHER_PX**2).sqrt()).amax(dim=-1)
    share = smooth_step((jump - _JUMPS[0]) / (_JUMPS[1] - _JUMPS[0]))
    return _RIDGE * (_RIDGE_AT_JUMPS / _RIDGE) ** share


def _system(controls: Tensor, ridge: Tensor) -> Tensor:
    """Bookstein's eq. (4), matrix L with a ridge: (B, K, 2), (B, K) -> (B, K + 3, K + 3)."""
    count = controls.shape[1]
    x, y = (controls[..., None, axis] - controls[:, None, :, axis] for axis in (0, 1))
    plane = torch.cat((torch.ones_like(controls[..., :1]), controls), dim=-1)  # (B, K, 3)
    matrix = controls.new_zeros(len(controls), count + 3, count + 3)
    # This kernel is negative definite.
    matrix[:, :count, :count] = _kernel(x, y) - torch.diag_embed(ridge)
    matrix[:, :count, count:] = plane
    matrix[:, count:, :count] = plane.transpose(1, 2)
    return matrix


def _solve(factors: tuple[Tensor, Tensor], values: Tensor) -> Tensor:
    """Coefficients w, then a: values (B, K, 2) -> (B, K + 3, 2)."""
    right = F.pad(values.double(), (0, 0, 0, 3))
    solution: Tensor = torch.linalg.lu_solve(*factors, right)
    return solution.to(values.dtype)


def remove_folds(field: Tensor, nodes: Tensor) -> Tensor:
    """A displacement field, smoothed where it folds until it folds no more.

    field (B, 2, L, L) px on nodes (L,) px; a sample without folds is returned unchanged. Folds that
    outlast `_NARROW_STEPS` are smoothed over ever wider neighbourhoods, so that a head that moves
    far keeps its motion. A field that still folds after that is scaled down as a whole. The
    outermost nodes stay unchanged.
    """
    inside = F.pad(torch.ones_like(field[:1, :1, 1:-1, 1:-1]), (1, 1, 1, 1))
    for wider in (0,) * _NARROW_STEPS + tuple(range(_WIDENING_STEPS)):
        folded = (jacobian(field, nodes) < LEAST_JACOBIAN).to(field.dtype)  # (B, 1, L - 1, L - 1)
        if not folded.any():
            return field
        about, reach = 2 + wider // 2, 1 + wider // 4
        near = F.max_pool2d(F.pad(folded, (about,) * 4), 2 * about, stride=1)
        touched = F.max_pool2d(F.pad(folded, (1,) * 4), 2, stride=1)
        where = inside * torch.maximum(_mean_within(near, reach), touched)
        field = torch.lerp(field, _mean_within(field, reach), where)
    for _ in range(_SCALING_STEPS):
        least = jacobian(field, nodes).amin(dim=(1, 2, 3), keepdim=True)
        field = torch.where(least < LEAST_JACOBIAN, field * 0.8, field)
    return field


def _mean_within(values: Tensor, reach: int) -> Tensor:
    """Means over squares of 2 reach + 1 nodes: (B, C, L, L), the same shape."""
    padded = F.pad(values, (reach,) * 4, mode="replicate")
    return F.avg_pool2d(padded, 2 * reach + 1, stride=1)


def limit_displacement(field: Tensor, by: Tensor) -> Tensor:
    """Displacements (B, 2, L, L) shorter by (B, 1, L, L), in the same direction, at least 0."""
    length = field.square().sum(dim=1, keepdim=True).sqrt()
    return field * ((length - by).clamp_min(0) / length.clamp_min(1e-6))


def jacobian(field: Tensor, nodes: Tensor) -> Tensor:
    """det(1 + ∇f), the least of each cell's four corners: (B, 2, L, L) -> (B, 1, L - 1, L - 1)."""
    step = nodes.diff()
    across = field.diff(dim=3) / step  # (B, 2, L, L - 1)
    down = field.diff(dim=2) / step[:, None]  # (B, 2, L - 1, L)
    corners = [
        (1 + a[:, 0]) * (1 + d[:, 1]) - a[:, 1] * d[:, 0]
        for a in (across[:, :, :-1], across[:, :, 1:])
        for d in (down[..., :-1], down[..., 1:])
    ]
    return torch.stack(corners, dim=1).amin(dim=1, keepdim=True)


def _lattice(size: int, coarseness: float) -> NDArray[np.float64]:
    """Node positions along an axis, px: dense where faces are, sparse towards the edges."""
    last, first, end = size - 1.0, _FINE_FROM * size, _FINE_TO * size
    unit = 256 / size / coarseness
    fine = np.linspace(first, end, round((end - first) / _FINE_PX * unit))
    outer = round(first / _COARSE_PX * unit) + 1
    low, high = np.linspace(0, first, outer), np.linspace(end, last, outer)
    return np.concatenate((low[:-1], fine, high[1:]))


def cubic_spline_matrix(nodes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Natural cubic spline through values on nodes (L,), read at each pixel: (S, L)."""
    count, step = len(nodes), np.diff(nodes)
    left, right = np.eye(count), np.zeros((count, count))
    for k in range(1, count - 1):
        left[k, k - 1 : k + 2] = step[k - 1] / 6, (step[k - 1] + step[k]) / 3, step[k] / 6
        right[k, k - 1 : k + 2] = 1 / step[k - 1], -1 / step[k - 1] - 1 / step[k], 1 / step[k]
    bend = np.linalg.solve(left, right)  # second derivatives, linear in the values
    pixel = np.arange(size, dtype=np.float64)
    cell = np.clip(np.searchsorted(nodes, pixel, side="right") - 1, 0, count - 2)
    h = step[cell][:, None]
    b = (pixel - nodes[cell])[:, None] / h
    a, value = 1 - b, np.eye(count)
    bent = ((a**3 - a) * bend[cell] + (b**3 - b) * bend[cell + 1]) * h**2 / 6
    return np.asarray(a * value[cell] + b * value[cell + 1] + bent)
