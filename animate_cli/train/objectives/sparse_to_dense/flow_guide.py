"""The guide: a target for the learned grid, from the optical flow between two frames of a clip.

Gradients of photometric losses only see the picture within a pixel. So the prior grid is corrected
by optical flow (dense inverse search, Kroeger et al. 2016, OpenCV's `DISOpticalFlow`) between the
driver and the source warped by the prior. Little motion is left between these two, which makes the
flow reliable.

    symbol | name  | shape        | here
    P      | prior | (B, S, S, 2) | given
    f      | flow  | (B, 2, S, S) | `_search`: driver(x) = moved(x + f(x))
    G      | guide | (B, S, S, 2) | G(x) = P(x + f(x))
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp

SEARCH_PX = 128  # side at which flow is computed: the grid is no finer, and it costs a quarter
SMOOTHING = 1 / 64  # σ in sides of the square: removes detail that the branches cannot represent


def guide_grid(source: Tensor, driver: Tensor, prior: Tensor) -> Tensor:
    """G of the table: source, driver (B, 3, S, S) in [0, 1], prior (B, S, S, 2) -> (B, S, S, 2)."""
    size = source.shape[-1]
    moved = warp(source, prior)
    pairs = zip(_grey(driver), _grey(moved), strict=True)
    flow = torch.from_numpy(np.stack([_search(here, there) for here, there in pairs]))
    at = identity_grid(size, size, dtype=prior.dtype) + flow * (2 / size)
    return warp(prior.permute(0, 3, 1, 2), at).permute(0, 2, 3, 1)


def _grey(pictures: Tensor) -> list[np.ndarray]:
    """(B, 3, S, S) in [0, 1] -> B x (S, S) uint8."""
    weights = pictures.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)
    grey = (255 * (pictures * weights).sum(dim=1)).round().clamp(0, 255).byte()
    return list(grey.numpy())


def _search(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Where each pixel of `here` is in `there`: (S, S) uint8 twice -> (S, S, 2) float32, px."""
    size, side = len(here), min(len(here), SEARCH_PX)
    small = [cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in (here, there)]
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = searcher.calc(*small, None)  # type: ignore[call-overload]
    smooth = cv2.GaussianBlur(flow, (0, 0), SMOOTHING * side) * (size / side)
    found: np.ndarray = cv2.resize(smooth, (size, size), interpolation=cv2.INTER_LINEAR)
    return found
