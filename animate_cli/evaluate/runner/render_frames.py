"""A candidate's frames, one by one, rendered by the stages that `animate run` uses."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from animate_cli.records import Image, Rendered
from animate_cli.stages.scene import Scene, paste, render, upscale
from animate_cli.streams import Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class RenderedFrame:
    """A finished frame (H, W, 3).

    rendered: the batch it was rendered in, None for the still source; batch_index: which of the
    batch it is.
    """

    pixels: Image
    rendered: Rendered | None = None
    batch_index: int = 0


def render_frames(scene: Scene) -> Stage[RenderedFrame]:
    """Render, upscale, paste back: one step after the other, in one thread."""
    batch: list[Rendered] = []
    batch_index = 0

    def batches() -> Stage[Rendered]:
        nonlocal batch_index
        for rendered in render(scene):
            batch[:], batch_index = [rendered], 0
            yield rendered

    with closing(paste(scene, upscale(scene, batches()))) as frames:
        for pixels in frames:
            yield RenderedFrame(pixels=pixels, rendered=batch[0], batch_index=batch_index)
            batch_index += 1


def repeat_source(source: Image) -> Stage[RenderedFrame]:
    """The source (H, W, 3) again and again, for a driver of any length."""
    while True:
        yield RenderedFrame(pixels=source)
