"""Seam: how much an output differs from the photo along the edges of the pasted crop.

    seam = mean | out - source |   on a line inside the crop's edges, in [0, 1]

The line is `DEPTH` of the crop's side inside its edges, where the crop is blended into the
unchanged photo. A difference there shows as an edge or as a double image. Edges of the crop that
reach the border of the photo do not count.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.crop import open_edges
from animate_cli.records import Crop

DEPTH = 0.03


def seam(outputs: Tensor, source: Tensor, square: Crop) -> Tensor:
    """outputs (N, 3, H, W), source (1, 3, H, W), square on whole pixels of the source -> (N,).

    NaN where the square reaches over every border of the photo.
    """
    height, width = source.shape[-2:]
    left, top = np.rint(square.crop_to_frame[:, 2]).astype(int)
    right, bottom = left + square.size - 1, top + square.size - 1
    inside = max(1, round(DEPTH * square.size))
    rows = slice(max(top + inside, 0), min(bottom - inside, height - 1) + 1)
    columns = slice(max(left + inside, 0), min(right - inside, width - 1) + 1)
    gap = (outputs - source).abs().mean(dim=1)
    edges = open_edges(square, width, height)
    across = ((top + inside, edges.top), (bottom - inside, edges.bottom))
    down = ((left + inside, edges.left), (right - inside, edges.right))
    lines = [gap[:, y, columns] for y, is_open in across if is_open]
    lines += [gap[:, rows, x] for x, is_open in down if is_open]
    if not lines:
        return outputs.new_full((len(outputs),), torch.nan)
    return torch.cat(lines, dim=1).mean(dim=1)
