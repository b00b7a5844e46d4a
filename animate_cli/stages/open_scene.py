"""A source and a driver, ready to be rendered: iterate it for finished frames (pass 2)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Self

from animate_cli.device import batches_at_once, share_cores, thread_count
from animate_cli.options import Options
from animate_cli.records import Frame, Image, PreparedSource, TrackedDriver
from animate_cli.report import Watch
from animate_cli.stages.cost_warnings import is_heavy
from animate_cli.stages.driver import driver_frames
from animate_cli.stages.scene import Scene, add_panels, paste, render, upscale
from animate_cli.streams import Stage, prefetch, skip

BATCHES_AHEAD, FRAMES_AHEAD = 2, 2  # a 4K frame is 25 MB


class OpenScene:
    """A scene to iterate for frames; iterating again starts over; leaving `with` stops it.

    anchor: the driver frame from which motion is measured; scene: the input of the
    functions in `stages.scene`.
    """

    def __init__(
        self,
        *,
        source: PreparedSource,
        driver: TrackedDriver,
        anchor: int,
        scene: Scene,
        options: Options,
        watch: Watch,
    ) -> None:
        self.source = source
        self.driver = driver
        self.anchor = anchor
        self.scene = scene
        self.options = options
        self.watch = watch
        self._running: list[Stage[Image]] = []

    def __len__(self) -> int:
        return len(self.driver.trajectory)

    def __iter__(self) -> Iterator[Frame]:
        times_s = self.driver.trajectory.times_s
        with closing(self.pictures()) as pictures:
            for index, (pixels, time_s) in enumerate(zip(pictures, times_s, strict=True)):
                yield Frame(pixels=pixels, index=index, time_s=time_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop rendering, and join its threads."""
        for running in self._running:
            running.close()
        self._running.clear()

    def pictures(self, *, start: int = 0) -> Stage[Image]:
        """Finished frames (H, W, 3) uint8 from number `start` on, a multiple of `scene.LOOKAHEAD`.

        Rendering and pasting run in threads, a few frames ahead of the reader.
        """
        scene, o = self.scene, self.options
        threads = thread_count(o.compute.threads)
        workers = 1
        if not is_heavy(scene.model):
            share_cores(threads)
            workers = batches_at_once(threads, scene.device)
        batches = prefetch(render(scene, start=start, workers=workers), depth=BATCHES_AHEAD)
        frames = paste(scene, upscale(scene, batches))
        if o.output.side_by_side:
            shown = driver_frames(self.driver, o.read, threads=threads)
            frames = add_panels(scene, frames, skip(shown, start))
        finished = prefetch(frames, depth=FRAMES_AHEAD)
        self._running.append(finished)
        return finished
