"""The residual warp on CPUs, with OpenCV in 8-bit fixed point.

The last and largest level is computed in bytes: its residual is biased by 128 and clipped to
-128..127 (only black print on white exceeds that), and only the rectangle with motion is computed.
Smaller levels are cheap and stay in floats.
"""

from __future__ import annotations

from itertools import pairwise
from math import gcd
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.layers.grid import identity_grid
from animate_cli.records import Image, Rendered

Floats = NDArray[np.float32]
Pixels = TypeVar("Pixels", Image, Floats)

_BIAS = 128
_NO_MAP = np.empty(0, np.float32)
_STILL_PX = 1 / 64  # the fixed point of cv2.remap rounds smaller displacements to 0


class Rectangle(NamedTuple):
    """A rectangle of pixels."""

    rows: slice
    columns: slice


class RemapWarp:
    """out = ↑r + (1 - ↑M) ⊙ W(I - ↑i, ↑g), level by level, on the CPU.

    It reuses scratch memory: use it from one thread at a time. `apply` returns a new array.
    """

    def __init__(self, levels: tuple[Image, ...]) -> None:
        self._face, *_, self._square = levels
        size = len(self._square)
        *images, below, _ = levels
        self._lower = [
            here.astype(np.float32) - _enlarge(small.astype(np.float32), len(here))
            for small, here in pairwise((*images, below))
        ]
        top = np.subtract(self._square, _enlarge(below, size), dtype=np.int16)
        self._top = np.clip(top + _BIAS, 0, 255).astype(np.uint8)
        self._identity: Floats = identity_grid(*self._face.shape[:2])[0].numpy()
        self._positions = _pixel_map(size)
        self._map = np.empty((size, size, 2), np.float32)
        self._large = np.empty((size, size, 3), np.uint8)
        self._moved = np.empty((size, size, 3), np.uint8)

    def apply(self, rendered: Rendered, index: int) -> Image:
        """Frame `index` of a batch at full resolution, (N, N, 3) uint8."""
        face = _to_bytes(rendered, index)
        flow = self._flow(rendered, index)
        out = self._square.copy()
        span = self._moving_rectangle(face, flow)
        if span is None:
            return out
        mask = None if rendered.refine_mask is None else _to_floats(rendered.refine_mask[index, 0])
        below = self._lower_levels(face, flow, mask) if self._lower else face
        self._last_level(out, span, below, flow, mask)
        return out

    def _flow(self, rendered: Rendered, index: int) -> Floats:
        """Displacement of each pixel of the small face, normalised: (S, S, 2)."""
        if rendered.grid is None:
            return np.zeros_like(self._identity)
        return np.subtract(_to_floats(rendered.grid[index]), self._identity, dtype=np.float32)

    def _moving_rectangle(self, face: Image, flow: Floats) -> Rectangle | None:
        """The rectangle of the small face that contains all changes; None: nothing changes."""
        still = 2 * _STILL_PX / len(self._square)
        moving = (np.abs(flow) > still).any(axis=2) | (face != self._face).any(axis=2)
        rows, columns = np.flatnonzero(moving.any(axis=1)), np.flatnonzero(moving.any(axis=0))
        if not len(rows):
            return None
        if self._lower:
            return Rectangle(slice(0, len(self._lower[-1])), slice(0, len(self._lower[-1])))
        return Rectangle(_span_of(rows, len(moving)), _span_of(columns, len(moving)))

    def _lower_levels(self, face: Image, flow: Floats, mask: Floats | None) -> Image:
        """The levels below the last, in floats -> (n, n, 3) uint8."""
        image = face.astype(np.float32)
        for residual in self._lower:
            size = len(residual)
            positions = _pixel_map(size) + _enlarge(flow * np.float32(size / 2), size)
            moved = _remap(residual, positions)
            if mask is not None:
                moved = moved * (1 - _enlarge(mask, size))[..., None]
            image = _enlarge(image, size) + moved
        return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)

    def _last_level(
        self, out: Image, span: Rectangle, below: Image, flow: Floats, mask: Floats | None
    ) -> None:
        """Write the moving rectangle of the last level into `out`."""
        size, small = len(out), len(below)
        cuts = [_cut(axis, small, size) for axis in span]
        patch, large, inner = (Rectangle(*pair) for pair in zip(*cuts, strict=True))
        _resize_into(self._large[large], below[patch])
        _resize_into(self._map[large], _enlarge(flow, small)[patch] * np.float32(size / 2))
        positions = self._map[inner]
        cv2.add(positions, self._positions[inner], dst=positions)
        moved = _remap(self._top, positions, self._moved[inner])
        if mask is not None:
            weight = np.ascontiguousarray(_enlarge(mask, size)[inner])
            moved = cv2.blendLinear(moved, np.full_like(moved, _BIAS), 1 - weight, weight)
        cv2.addWeighted(self._large[inner], 1, moved, 1, -_BIAS, dst=out[inner])


def _span_of(moving: NDArray[np.intp], extent: int) -> slice:
    """The span from first to last moving pixel, plus one on each side, which enlarging reads."""
    return slice(max(int(moving[0]) - 1, 0), min(int(moving[-1]) + 2, extent))


def _cut(span: slice, small: int, size: int) -> tuple[slice, slice, slice]:
    """Where to cut an axis so that cutting and enlarging from `small` to `size` commute.

    Pixel edges of both sizes coincide every `step` small pixels; one step more on each side adds
    the neighbours that interpolation reads. Returns the small pixels to enlarge; the same as large
    pixels; and the part of these that is exact, which is `span` rounded outwards.
    """
    step = small // gcd(small, size)
    unit = step * size // small
    first, last = span.start // step, -(-span.stop // step)
    outer_first, outer_last = max(first - 1, 0), min(last + 1, small // step)
    return (
        slice(outer_first * step, outer_last * step),
        slice(outer_first * unit, outer_last * unit),
        slice(first * unit, last * unit),
    )


def _pixel_map(size: int) -> Floats:
    """Every pixel's own position (x, y): (N, N, 2)."""
    rows, columns = np.indices((size, size), dtype=np.float32)
    return np.stack((columns, rows), axis=-1)


def _enlarge(image: Pixels, size: int) -> Pixels:
    """↑: bilinear, in the image's own type."""
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def _resize_into(target: Pixels, image: Pixels) -> None:
    """↑: enlarge an image into `target`."""
    height, width = target.shape[:2]
    cv2.resize(image, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)


def _remap(image: Pixels, positions: Floats, into: Pixels | None = None) -> Pixels:
    """W: bilinear, edges repeated; positions (h, w, 2) in pixels of the image."""
    border = cv2.BORDER_REPLICATE
    return cv2.remap(image, positions, _NO_MAP, cv2.INTER_LINEAR, dst=into, borderMode=border)  # type: ignore[return-value]


def _to_bytes(rendered: Rendered, index: int) -> Image:
    """r as 8-bit pixels: (S, S, 3)."""
    face = (255 * rendered.face[index].float().clamp(0, 1)).round().byte()
    return np.ascontiguousarray(face.permute(1, 2, 0).cpu().numpy())


def _to_floats(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.float().cpu().numpy())
