"""Rasterise a triangle mesh in numpy: the visible triangle of each pixel, by a z-buffer.

Convention  points are (x, y) pixels with integer pixel centres; depth grows away from the viewer.
            Values are interpolated linearly in the picture plane, without perspective correction,
            because a head is small relative to its distance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BLOCKS = (4, 8, 16, 32, 64, 128, 256)  # triangles are tested against a square of pixels this wide
PIXELS_AT_ONCE = 1_000_000  # tested together: bounds the memory


class RasterHit(NamedTuple):
    """The nearest triangle of every covered pixel, P pixels.

    pixel (P,) = row * width + column; triangle (P,); weight (P, 3) barycentric.
    """

    pixel: NDArray[np.int64]
    triangle: NDArray[np.int64]
    weight: Floats

    def interpolate(self, values: Floats, triangles: NDArray[np.int64]) -> Floats:
        """Per-vertex values (V, C) at the seen points. -> (P, C)"""
        corners = values[triangles[self.triangle]]  # (P, 3, C)
        blended: Floats = np.einsum("pkc,pk->pc", corners, self.weight)
        return blended


def rasterise(xy: Floats, depth: Floats, triangles: NDArray[np.int64], size: int) -> RasterHit:
    """The visible triangles of a mesh in a square picture of `size` pixels.

    xy (V, 2), depth (V,), triangles (N, 3). Both sides of a triangle are drawn; triangles wider
    than the largest block (256 pixels) are refused with ValueError.
    """
    corners = xy[triangles]  # (N, 3, 2)
    low = np.ceil(corners.min(axis=1)).astype(np.int64)
    extent = np.floor(corners.max(axis=1)).astype(np.int64) - low + 1
    wide = extent.max(axis=1)
    on_screen = (low + extent > 0).all(axis=1) & (low < size).all(axis=1) & (extent > 0).all(axis=1)
    if wide[on_screen].max(initial=0) > BLOCKS[-1]:
        raise ValueError(f"a triangle is wider than {BLOCKS[-1]} pixels; subdivide the mesh")
    parts, least = [], 0
    for block in BLOCKS:
        chosen = np.flatnonzero(on_screen & (wide > least) & (wide <= block))
        for some in np.array_split(chosen, 1 + len(chosen) * block**2 // PIXELS_AT_ONCE):
            parts.append(_fragments(corners, depth[triangles], low, some, block, size))
        least = block
    pixel, z, triangle, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _nearest(pixel, z, triangle, weight, size)


def _fragments(
    corners: Floats,
    depths: Floats,
    low: NDArray[np.int64],
    chosen: NDArray[np.int64],
    block: int,
    size: int,
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64], Floats]:
    """Pixels inside the chosen triangles, each tested against block x block pixels."""
    (ax, ay), (bx, by), (cx, cy) = (corners[chosen, k].T[..., None] for k in range(3))  # (n, 1)
    step_y, step_x = (step.ravel() for step in np.indices((block, block)))
    x = (low[chosen, 0, None] + step_x).astype(np.float32)  # (n, block^2)
    y = (low[chosen, 1, None] + step_y).astype(np.float32)
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    with np.errstate(divide="ignore", invalid="ignore"):
        wb = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
        wc = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
    wa = 1 - wb - wc
    inside = (wa >= 0) & (wb >= 0) & (wc >= 0) & (x >= 0) & (y >= 0) & (x < size) & (y < size)
    which, _ = np.nonzero(inside)
    weight = np.stack((wa[inside], wb[inside], wc[inside]), axis=-1)
    pixel = y[inside].astype(np.int64) * size + x[inside].astype(np.int64)
    z = (depths[chosen[which]] * weight).sum(axis=1)
    return pixel, z, chosen[which], weight


def _nearest(
    pixel: NDArray[np.int64], z: Floats, triangle: NDArray[np.int64], weight: Floats, size: int
) -> RasterHit:
    """Of all fragments of a pixel the one with the least depth."""
    order = np.argsort(-z, kind="stable")
    winner = np.full(size * size, -1, np.int64)
    winner[pixel[order]] = order  # the last written, the nearest, stays
    kept = winner[winner >= 0]
    return RasterHit(pixel[kept], triangle[kept], weight[kept].astype(np.float32))


def normals(vertices: Floats, triangles: NDArray[np.int64]) -> Floats:
    """Unit vertex normals (V, 3), area weighted; zero where a vertex has no triangle."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for axis in range(3):
        for corner in range(3):
            total[:, axis] += np.bincount(
                triangles[:, corner], weights=face[:, axis], minlength=len(vertices)
            )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    unit: Floats = total / np.maximum(length, 1e-9)
    return unit
