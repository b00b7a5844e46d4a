"""Flow warping error: the difference between a frame and the frame before it, warped by the flow.

Lai et al. 2018, *Learning Blind Video Temporal Consistency*, eq. 8, as Yi et al. 2020, table 1:

    FWE = Σ_p M(p) |x_t(p) - x_t-1(p + w(p))|² / Σ_p M(p)        w: flow from t to t - 1

    symbol | name                     | meaning
    w      | `layers.pretrained.raft` | optical flow of the outputs, or of the driver
    M      | `visible_in_both`        | 1 where forward and backward flow agree (Ruder et al. 2016,
           |                          |   eq. 5)

Departures: RAFT-small instead of FlowNet 2; the mean over colours; images are shrunk to a longer
side of at most `SIDE_PX`; motion boundaries are not left out (Ruder's eq. 6).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp
from animate_cli.layers.pretrained.raft import RaftSmall

SIDE_PX = 256


def flow_warping_error(raft: RaftSmall, now: Tensor, before: Tensor, guide: Tensor) -> Tensor:
    """now, before (N, 3, H, W) in [0, 1] -> (N,); NaN where no pixel is visible in both.

    guide (2, 1 or N, 3, H, W): the frames, now and before, from which the flow is computed.
    """
    here, back = raft(guide[0], guide[1]), raft(guide[1], guide[0])
    counted = visible_in_both(here, back)[:, None].to(now.dtype)
    gap = (now - warp_by_flow(before, here)).square().mean(dim=1, keepdim=True)
    total = counted.sum(dim=(1, 2, 3))
    return (counted * gap).sum(dim=(1, 2, 3)) / torch.where(total > 0, total, torch.nan)


def visible_in_both(here: Tensor, back: Tensor) -> Tensor:
    """Where the flow and the reverse flow lead back to the start: (B, 2, H, W) twice ->
    (B, H, W)."""
    returned = warp_by_flow(back, here)
    lengths = here.square().sum(dim=1) + returned.square().sum(dim=1)
    return (here + returned).square().sum(dim=1) <= 0.01 * lengths + 0.5


def warp_by_flow(images: Tensor, flow: Tensor) -> Tensor:
    """out[p] = images[p + flow[p]]: (B, C, H, W), (1 or B, 2, H, W) in pixels -> (B, C, H, W)."""
    height, width = flow.shape[-2:]
    step = flow.permute(0, 2, 3, 1) * 2 / flow.new_tensor((width, height))
    grid = identity_grid(height, width, device=flow.device) + step
    return warp(images, grid.expand(len(images), -1, -1, -1))


def shrink_for_flow(images: Tensor) -> Tensor:
    """Images (B, 3, H, W), shrunk to a longer side of at most `SIDE_PX`."""
    height, width = images.shape[-2:]
    share = SIDE_PX / max(height, width)
    if share >= 1:
        return images
    size = round(share * height), round(share * width)
    return F.interpolate(images, size, mode="bilinear", antialias=True)
