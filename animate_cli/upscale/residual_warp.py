"""ResWarp: adds the photo's fine detail to the rendered face, at the photo's resolution.

Yi et al. 2020, *Animating Through Warping*, section 3.4, with a mask for disoccluded regions.

    symbol | name                 | shape                  | here
    I      | full-resolution face | (N, N, 3) uint8        | argument
    i      | its block average    | (S, S, 3) uint8        | `levels.shrink`
    r      | rendered face        | (B, 3, S, S)           | `Rendered.face`
    g      | backward grid        | (B, S, S, 2)           | `Rendered.grid`
    M      | refine mask          | (B, 1, S, S)           | `Rendered.refine_mask`
    ↑, W   | bilinear up, warp    |                        | `layers.grid`, or OpenCV's

    out = ↑r + (1 - ↑M) ⊙ W(I - ↑i, ↑g)

Yi et al., fig. 2, is M = 0; fig. 3 is the same once per level of a pyramid. Where the
generator painted a disoccluded region (M = 1), the photo has no detail to add.

Departures from the paper: the factor (1 - ↑M); see also `levels`. The portrait that the model sees
must be `ResidualWarper.face`: only then does zero motion give the photo back exactly.
"""

from __future__ import annotations

from typing import Protocol

from animate_cli.options import ResWarp
from animate_cli.records import Image, Rendered
from animate_cli.upscale.levels import levels
from animate_cli.upscale.remap import RemapWarp
from animate_cli.upscale.tensor_warp import TensorWarp


class WarpEngine(Protocol):
    """One implementation of the equation; all agree within one grey level."""

    def apply(self, rendered: Rendered, index: int) -> Image:
        """Frame `index` of a batch -> (N, N, 3) uint8."""
        ...


class ResidualWarper:
    """The residual warp of one photo's face square. The residuals are computed once.

    source_square (N, N, 3) uint8, N >= 16, must not be changed afterwards; device "cpu" uses
    `RemapWarp`, any other `TensorWarp`. Not thread-safe.
    """

    def __init__(
        self,
        source_square: Image,
        face_size: int,
        mode: ResWarp = ResWarp.VANILLA,
        device: str = "cpu",
    ) -> None:
        images = levels(source_square, face_size, mode)
        self.face = images[0]
        self._engine: WarpEngine = (
            RemapWarp(images) if device == "cpu" else TensorWarp(images, device)
        )

    def apply(self, rendered: Rendered, index: int) -> Image:
        """Frame `index` of a batch at full resolution, (N, N, 3) uint8, a new array."""
        return self._engine.apply(rendered, index)
