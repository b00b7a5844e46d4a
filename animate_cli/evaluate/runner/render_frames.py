"""An entrant's frames, one by one, made by the product's own stages."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from animate_cli.pipeline import PreparedJob
from animate_cli.records import Image, Rendered
from animate_cli.stages.scene import paste, render, upscale
from animate_cli.streams import Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class RenderedFrame:
    """A finished frame (H, W, 3), and where it is in the batch it was rendered in.

    rendered: None for the still source.
    """

    pixels: Image
    rendered: Rendered | None = None
    place: int = 0


def render_frames(staged: PreparedJob) -> Stage[RenderedFrame]:
    """Render, upscale, paste back: one step after the other, nothing runs beside."""
    batches: list[Rendered] = []
    place = 0

    def kept() -> Stage[Rendered]:
        nonlocal place
        for rendered in render(staged.scene):
            batches[:], place = [rendered], 0
            yield rendered

    with closing(paste(staged.scene, upscale(staged.scene, kept()))) as frames:
        for pixels in frames:
            yield RenderedFrame(pixels=pixels, rendered=batches[0], place=place)
            place += 1


def repeat_source(source: Image) -> Stage[RenderedFrame]:
    """The source for every frame of a driver, however long."""
    while True:
        yield RenderedFrame(pixels=source)
