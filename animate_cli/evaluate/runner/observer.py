"""Observers of an evaluation, called for every clip pair and every scored frame."""

from __future__ import annotations

from dataclasses import dataclass

from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.runner.render_frames import RenderedFrame
from animate_cli.records import Image


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredFrame:
    """One scored frame: its number in the driver's clip, source and driver (H, W, 3), and every
    candidate's output."""

    index: int
    source: Image
    driver: Image
    outputs: tuple[RenderedFrame, ...]


class EvaluationObserver:
    """Follows an evaluation. This one does nothing: override the methods you need."""

    def on_pair_start(self, number: int, pair: ClipPair) -> None:
        """Before a pair is evaluated. number: counted from 0."""

    def on_frame(self, frame: ScoredFrame) -> None:
        """After a frame was scored."""

    def on_pair_end(self, pair: ClipPair) -> None:
        """After the last frame of a pair. Not called for a pair that is skipped."""


class EvaluationObservers(EvaluationObserver):
    """Passes every call on to several observers."""

    def __init__(self, *observers: EvaluationObserver) -> None:
        self._observers = observers

    def on_pair_start(self, number: int, pair: ClipPair) -> None:
        """Call all observers."""
        for one in self._observers:
            one.on_pair_start(number, pair)

    def on_frame(self, frame: ScoredFrame) -> None:
        """Call all observers."""
        for one in self._observers:
            one.on_frame(frame)

    def on_pair_end(self, pair: ClipPair) -> None:
        """Call all observers."""
        for one in self._observers:
            one.on_pair_end(pair)
