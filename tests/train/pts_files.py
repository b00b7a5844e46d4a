"""Label files of the .pts kind, written for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_pts(path: Path, points: np.ndarray) -> None:
    rows = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"version: 1\nn_points: {len(points)}\n{{\n{rows}\n}}\n")


def spread(count: int, low: float, high: float) -> np.ndarray:
    """Points on a grid, well apart."""
    side = int(np.ceil(count**0.5))
    line = np.linspace(low, high, side)
    return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)[:count]
