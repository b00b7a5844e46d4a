"""Reduces frames to 256 colours each, as GIF requires."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph
from av.video.frame import VideoFrame


class GifPalette:
    """Reduces RGB frames of one size to palette frames, each with its own 256 colours."""

    def __init__(self, *, width: int, height: int, time_base: Fraction) -> None:
        self._graph = graph = Graph()
        source = graph.add_buffer(
            width=width, height=height, format=av.VideoFormat("rgb24"), time_base=time_base
        )
        split = graph.add("split")
        generate = graph.add("palettegen", "stats_mode=single")
        use = graph.add("paletteuse", "new=1")
        source.link_to(split)
        split.link_to(generate, 0, 0)
        split.link_to(use, 1, 0)
        generate.link_to(use, 0, 1)
        use.link_to(graph.add("buffersink"))
        graph.configure()

    def reduce(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        """Take a frame, or None at the end; yield the frames that are ready."""
        if frame is not None:
            self._graph.push(frame)
        else:
            self._graph.vpush(None)
        while True:
            try:
                reduced = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            if isinstance(reduced, VideoFrame):
                yield reduced
