"""One function per loss; all return a scalar to be minimised.

known (B, K) bool: the points that are labelled; a loss is the mean over them, 0 without any.
real, generated: a discriminator's outputs (B, 1, h, w) for real and for generated pictures, one per
scale (`train.losses.discriminator`).

Departures from the papers: the norms in Zhao et al.'s eqs. 5 and 6 are mean squares, as in the
least-squares GAN that they cite (Mao et al. 2017), summed over scales. The G in eq. 6 is read as a
misprint of D. Eq. 7 warps by the nearest pixel and has no gradient; `part_mismatch` is its
expectation over warps that round to a random neighbour, which has one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from animate_cli.layers import heatmap
from animate_cli.layers.grid import warp


def euclidean(points: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """L_euc = |μ − p|₂, the mean over points (Nibali et al. 2018, eq. 5).

    points, target (B, K, 2), normalised.
    """
    return _mean((points - target).square().sum(dim=-1).clamp_min(1e-12).sqrt(), known)


def heatmap_shape(
    probability: Tensor, target: Tensor, known: Tensor, *, sigma_cells: float
) -> Tensor:
    """D_JS(Ẑ, N(p, σ²)): the Jensen-Shannon divergence to a normal density about the true point
    (Nibali et al. 2018, eqs. 9 and 11).

    probability (B, K, H, W); target (B, K, 2), normalised.
    """
    height, width = probability.shape[-2:]
    density = heatmap.gaussian(target, height, width, sigma_cells=sigma_cells)
    middle = (probability + density) / 2
    return _mean(_kl(probability, middle) + _kl(density, middle), known) / 2


def aperture_errors(
    points: Tensor, target: Tensor, known: Tensor, pairs: tuple[tuple[int, int], ...]
) -> Tensor:
    """Error of the gaps of eyes and mouth: |(μ_u − μ_l) − (p_u − p_l)|₂, the mean over pairs.

    Ours: `euclidean` alone gives little weight to the gap between the lids, which is small compared
    with the face. points, target (B, K, 2), normalised; pairs: of an upper and a lower point.
    """
    upper, lower = ([pair[side] for pair in pairs] for side in (0, 1))
    found, true = (p[:, upper] - p[:, lower] for p in (points, target))
    return euclidean(found, true, known[:, upper] & known[:, lower])


def flatness(logits: Tensor) -> Tensor:
    """KL(uniform ‖ Ẑ) per map, in nats: 0 for flat heatmaps, the target where there is no face.

    logits (B, K, H, W).
    """
    cells = logits.shape[-2] * logits.shape[-1]
    log_probability = logits.flatten(2).log_softmax(dim=-1)
    return -(log_probability.mean(dim=-1) + math.log(cells)).mean()


def gan_critic(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """L_gan^D = |1 − D(D_I)|² + |D(T_I)|² (Zhao et al. 2021, eq. 5)."""
    pairs = zip(real, generated, strict=True)
    return torch.stack([(1 - t).square().mean() + d.square().mean() for t, d in pairs]).sum()


def gan_generator(generated: Sequence[Tensor]) -> Tensor:
    """L_gan^G = |1 − D(T_I)|² (Zhao et al. 2021, eq. 6)."""
    return torch.stack([(1 - d).square().mean() for d in generated]).sum()


def part_mismatch(source: Tensor, driver: Tensor, grid: Tensor, *, classes: int) -> Tensor:
    """L_par = 1 − mean_p P(f_w(S_P, F)(p) = D_P(p)) (Zhao et al. 2021, eq. 7, differentiable).

    Each class is warped bilinearly as a map of its own. Its value at p is the probability of that
    class if F(p) is rounded at random to one of its four neighbouring pixels, with the bilinear
    weights as probabilities. Where F points at pixel centres the result is eq. 7 itself. Gradients
    are nonzero only within a pixel of a part's border.

    source, driver (B, H, W), labels in 0 ... classes - 1; grid (B, H, W, 2) normalised.
    """
    names = torch.arange(classes, device=source.device).view(1, -1, 1, 1)
    moved = warp((source[:, None] == names).to(grid.dtype), grid)  # (B, classes, H, W)
    return 1 - moved.gather(1, driver[:, None].long()).mean()


def _mean(values: Tensor, known: Tensor) -> Tensor:
    """Mean of the known values, 0 without any: (B, K) -> ()."""
    return (values * known).sum() / known.sum().clamp_min(1)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) per map: (B, K, H, W) -> (B, K). A floor keeps 0 · log 0 finite."""
    return (p * ((p + 1e-12).log() - (q + 1e-12).log())).sum(dim=(-2, -1))
