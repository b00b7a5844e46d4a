"""Lucas-Kanade: points tracked from one picture to the next, differentiably.

Lucas & Kanade 1981, in the inverse-compositional form of Baker & Matthews 2004 and as an operation
of a network after Dong et al. 2018, *Supervision-by-Registration*, section 3.1.

    symbol   | name      | shape         | equation
    Iₜ₋₁, Iₜ | before, after | (B, 1, H, W) | two frames, grey
    x        | points    | (B, K, 2)     | points of Iₜ₋₁, normalised
    T(Ω)     | template  | (B, K, N)     | `_describe`: the patch of Iₜ₋₁ about x, N pixels
    ∇T       | slopes    | (B, K, N, 2)  | `_describe`, per pixel
    H        | hessian   | (B, K, 2, 2)  | `_describe`: Σ w ∇T ∇Tᵀ, the same for all iterations
    Δp       | step      | (B, K, 2)     | `_advance`: H⁻¹ Σ w ∇T (Iₜ(x + p) - T)

All terms of a step depend smoothly on x, and the steps are unrolled, so that the gradient of a
point's position in Iₜ reaches its position in Iₜ₋₁.

Departures from the paper: pure translation; a Gaussian window w; two levels of resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import points_to_normalised, points_to_pixel, warp

RIDGE = 1e-6  # added to H: a flat patch does not move, and its gradient stays finite


@dataclass(frozen=True, kw_only=True)
class LucasKanade:
    """Settings of the tracker.

    radius: patches have 2 radius + 1 pixels a side, at every level; window: σ of their weights in
    pixels; levels: halvings of the resolution plus one; iterations: at each level.
    """

    radius: int = 5
    window: float = 3.0
    levels: int = 2
    iterations: int = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Tracked:
    """Positions of tracked points, and two measures of their reliability.

    points (B, K, 2) normalised, differentiable; drift_px (B, K): distance between a point and
    where it ends when it is tracked there and back; texture (B, K): the smaller eigenvalue of H, 0
    for flat patches and along straight edges (grey in [0, 1], per pixel²).
    """

    points: Tensor
    drift_px: Tensor
    texture: Tensor

    def trusted(self, *, most_drift_px: float, least_texture: float) -> Tensor:
        """1 where a point is reliable and inside the picture, else 0: (B, K)."""
        believed = (self.drift_px <= most_drift_px) & (self.texture >= least_texture)
        inside = (self.points.detach().abs() < 1).all(dim=-1)
        return (believed & inside).to(self.points.dtype)


def track(before: Tensor, after: Tensor, points: Tensor, how: LucasKanade) -> Tracked:
    """Track points of `before` into `after`, and back again to measure the drift.

    before, after (B, 1, H, W) grey in [0, 1]; points (B, K, 2) normalised.
    """
    height, width = before.shape[-2:]
    found = follow(before, after, points, how)
    with torch.no_grad():
        back = follow(after, before, found, how)
        away = points_to_pixel(back, height, width) - points_to_pixel(points, height, width)
        patch = _describe(before, points, how)
    return Tracked(points=found, drift_px=away.norm(dim=-1), texture=smaller_eigenvalue(patch.h))


def follow(before: Tensor, after: Tensor, points: Tensor, how: LucasKanade) -> Tensor:
    """x -> x + p, coarse to fine: (B, 1, H, W) twice, points (B, K, 2) normalised -> the same."""
    found = points
    for level in reversed(range(how.levels)):
        here, there = (F.avg_pool2d(image, 2**level) for image in (before, after))
        patch = _describe(here, points, how)
        for _ in range(how.iterations):
            found = _advance(patch, there, found, how)
    return found


def smaller_eigenvalue(h: Tensor) -> Tensor:
    """Of symmetric (..., 2, 2) -> (...)."""
    a, b, c = h[..., 0, 0], h[..., 0, 1], h[..., 1, 1]
    return (a + c) / 2 - (((a - c) / 2).square() + b.square()).sqrt()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Patch:
    """Terms of the patches around points that all steps share; shapes in the module's table."""

    template: Tensor
    weighted_slopes: Tensor
    h: Tensor


def _describe(image: Tensor, points: Tensor, how: LucasKanade) -> _Patch:
    """Patches of image (B, 1, H, W) about points (B, K, 2), their slopes and hessians."""
    features = torch.cat((image, _slopes(image)), dim=1)  # (B, 3, H, W)
    patches = _sample(features, points, how)  # (B, 3, K, N)
    slopes = patches[:, 1:].permute(0, 2, 3, 1)  # (B, K, N, 2)
    weighted = slopes * _window(how, image)[:, None]
    h = (weighted[..., :, None] * slopes[..., None, :]).sum(
        dim=-3
    )  # no matmul: autocast's is coarse
    return _Patch(template=patches[:, 0], weighted_slopes=weighted, h=h)


def _advance(patch: _Patch, image: Tensor, points: Tensor, how: LucasKanade) -> Tensor:
    """One step Δp against the difference between the patches at `points` and the template."""
    height, width = image.shape[-2:]
    error = _sample(image, points, how)[:, 0] - patch.template  # (B, K, N)
    slope = (patch.weighted_slopes * error[..., None]).sum(dim=-2)  # (B, K, 2)
    step = _solve(patch.h, slope).clamp(-how.radius, how.radius)
    return points_to_normalised(points_to_pixel(points, height, width) - step, height, width)


def _solve(h: Tensor, right: Tensor) -> Tensor:
    """(H + ridge)⁻¹ right, in closed form: (B, K, 2, 2), (B, K, 2) -> (B, K, 2)."""
    a, b, c = h[..., 0, 0] + RIDGE, h[..., 0, 1], h[..., 1, 1] + RIDGE
    x, y = right.unbind(dim=-1)
    determinant = a * c - b * b
    return torch.stack((c * x - b * y, a * y - b * x), dim=-1) / determinant[..., None]


def _sample(features: Tensor, points: Tensor, how: LucasKanade) -> Tensor:
    """Patches of (B, C, H, W) about points (B, K, 2) normalised -> (B, C, K, N), row by row."""
    height, width = features.shape[-2:]
    offsets = _offsets(how, features)
    centres = points_to_pixel(points, height, width)[:, :, None]  # (B, K, 1, 2)
    return warp(features, points_to_normalised(centres + offsets, height, width))


def _offsets(how: LucasKanade, like: Tensor) -> Tensor:
    """Pixels of a patch relative to its centre -> (N, 2)."""
    line = torch.arange(-how.radius, how.radius + 1, device=like.device, dtype=like.dtype)
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack((x, y), dim=-1).flatten(0, 1)


def _window(how: LucasKanade, like: Tensor) -> Tensor:
    """Gaussian weights of a patch's pixels, of sum 1 -> (N,)."""
    return (-_offsets(how, like).square().sum(dim=-1) / (2 * how.window**2)).softmax(dim=0)


def _slopes(image: Tensor) -> Tensor:
    """Central differences of (B, 1, H, W) in x and y -> (B, 2, H, W), per pixel."""
    x = F.pad(image, (1, 1, 0, 0), mode="replicate")
    y = F.pad(image, (0, 0, 1, 1), mode="replicate")
    return torch.cat((x[..., 2:] - x[..., :-2], y[..., 2:, :] - y[..., :-2, :]), dim=1) / 2
