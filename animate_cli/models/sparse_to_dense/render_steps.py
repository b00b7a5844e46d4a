"""Named steps around the network: use takes all of them, training and evaluation those they name.

Ours. None of them is learned; `SparseMotion.render` applies them in the order of
`RenderStep`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import torch
from torch import Tensor

from animate_cli.layers.colour import grey
from animate_cli.models.sparse_to_dense.background import split_grid
from animate_cli.models.sparse_to_dense.records import EncodedSource, SparseMotionOutput
from animate_cli.models.sparse_to_dense.rest_blend import blend_to_rest, motion_weight
from animate_cli.models.thin_plate.model import LandmarkGrid

_COLOUR = 6 / 255  # a photo whose channels differ by less in every pixel is grey


class RenderStep(StrEnum):
    """One step that a caller may name.

    keep_room: a face that is driven out of the square stops before its edge (before the network);
    split_grid: grid and mask for the photo's full resolution, where the background is at rest;
    clamp: colours are clamped to [0, 1]; keep_grey: the output of a grey photo is grey;
    rest_blend: without motion the output is the photo itself.
    """

    KEEP_ROOM = "keep_room"
    SPLIT_GRID = "split_grid"
    CLAMP = "clamp"
    KEEP_GREY = "keep_grey"
    REST_BLEND = "rest_blend"


RenderSteps = frozenset[RenderStep]
NO_STEPS: RenderSteps = frozenset()
ALL_STEPS: RenderSteps = frozenset(RenderStep)


def prior_grid(
    prior: LandmarkGrid, source_px: Tensor, driver_px: Tensor, body: Tensor, steps: RenderSteps
) -> tuple[Tensor, Tensor]:
    """Landmarks (B, 74, 2) px and body (B, 26, 2) -> the driver's landmarks (B, 74, 2), with room
    kept if the steps name it, and the prior grid between both (B, S, S, 2)."""
    if RenderStep.KEEP_ROOM in steps:
        driver_px = prior.keep_room(source_px, driver_px)
    return driver_px, prior.grid(source_px, driver_px, body)


def finish(
    output: SparseMotionOutput,
    source: EncodedSource,
    driver_px: Tensor,
    prior: Tensor | None,
    steps: RenderSteps,
) -> SparseMotionOutput:
    """The network's output after the named steps: image, grid and mask may change.

    driver_px (B, 74, 2): the landmarks the network was given; prior (B, S, S, 2).
    """
    image, grid, mask = output.image, output.grid, output.mask
    share, disoccluded = output.share, output.disoccluded
    if RenderStep.SPLIT_GRID in steps and share is not None and disoccluded is not None:
        grid, mask = split_grid(grid, mask, share, disoccluded)
    if RenderStep.CLAMP in steps:
        image = image.clamp(0, 1)
    if RenderStep.KEEP_GREY in steps:
        without_colour = is_grey(source.face)[:, None, None, None]
        image = torch.where(without_colour, grey(image), image)
    if RenderStep.REST_BLEND in steps:
        weight = motion_weight(source.landmarks_px, driver_px, prior)
        image, grid, mask = blend_to_rest(source.face, image, grid, mask, weight)
    return replace(output, image=image, grid=grid, mask=mask)


def is_grey(face: Tensor) -> Tensor:
    """Which pictures (B, 3, S, S) in [0, 1] have no colour: (B,) bool."""
    return (face.amax(dim=1) - face.amin(dim=1)).amax(dim=(1, 2)) < _COLOUR
