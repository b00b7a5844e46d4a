"""One function per loss; all return a scalar to be minimised.

known (B, K) bool: the points that are labelled; a loss is the mean over them, 0 without any.
"""

from __future__ import annotations

import math

from torch import Tensor

from animate_cli.layers import heatmap


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


def openings(
    points: Tensor, target: Tensor, known: Tensor, pairs: tuple[tuple[int, int], ...]
) -> Tensor:
    """How wrongly eyes and mouth are opened: |(μ_u − μ_l) − (p_u − p_l)|₂, the mean over pairs.

    Ours: an error of a tenth of a face is small for a point and the whole of a blink.
    points, target (B, K, 2), normalised; pairs: of an upper and a lower point.
    """
    upper, lower = ([pair[side] for pair in pairs] for side in (0, 1))
    found, true = (p[:, upper] - p[:, lower] for p in (points, target))
    return euclidean(found, true, known[:, upper] & known[:, lower])


def flatness(logits: Tensor) -> Tensor:
    """KL(uniform ‖ Ẑ) per map, in nats: 0 for flat heatmaps, as wanted where there is no face.

    logits (B, K, H, W).
    """
    cells = logits.shape[-2] * logits.shape[-1]
    log_probability = logits.flatten(2).log_softmax(dim=-1)
    return -(log_probability.mean(dim=-1) + math.log(cells)).mean()


def _mean(values: Tensor, known: Tensor) -> Tensor:
    """(B, K) -> the mean of the known ones."""
    return (values * known).sum() / known.sum().clamp_min(1)


def _kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) per map: (B, K, H, W) -> (B, K). The floor keeps 0 · log 0 and its slope finite."""
    return (p * ((p + 1e-12).log() - (q + 1e-12).log())).sum(dim=(-2, -1))
