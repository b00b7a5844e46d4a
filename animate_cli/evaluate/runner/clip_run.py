"""One take: every entrant is given the same source and driver, and the judges look on.

The driver is followed once for all entrants that read landmarks; those that read frames add what
they see themselves. Frames stream: what is kept of a clip are the judges' readings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.driver_motion import driver_motion
from animate_cli.evaluate.metrics.landmark_metrics import all_landmark_errors
from animate_cli.evaluate.metrics.metric import Metric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks
from animate_cli.evaluate.protocol import DrivenBy, Protocol, Reenactment
from animate_cli.evaluate.runner.clip_scorer import BEFORE, Array, ClipScorer, UnscoredFrame
from animate_cli.evaluate.runner.render_frames import RenderedFrame, render_frames, repeat_source
from animate_cli.faces.tracking.template import save_template
from animate_cli.media.images.image import write_image
from animate_cli.media.reader import open_driver
from animate_cli.options import (
    ComputeOptions,
    Engine,
    FaceOptions,
    Motion,
    MotionOptions,
    Options,
    OutputOptions,
    ReadOptions,
)
from animate_cli.pipeline import Animator, PreparedJob
from animate_cli.records import Image
from animate_cli.stages.trajectories import TrajectoryCache
from animate_cli.streams import Stage


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredFrame:
    """One scored frame of all entrants, for whoever wants to keep a picture of it."""

    index: int
    source: Image
    driver: Image
    outputs: tuple[RenderedFrame, ...]


OnScoredFrame = Callable[[ScoredFrame], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipScores:
    """The figures of one take: (entrants, metrics), NaN where a metric has nothing to say.

    features (1 + entrants, frames, D): what set metrics are made of;
    place_errors (entrants, detectors, scored): see `placed_metrics.all_place_errors`;
    driver_sha256: of the driver's file;
    frames: drawn; scored, lost: of those at the stride, frames that counted, and that did not for
    want of a face; seconds (entrants,): what drawing all frames took, one entrant at a time.
    """

    figures: Array
    place_errors: Array
    features: NDArray[np.float32]
    driver_sha256: str
    frames: int
    scored: int
    lost: int
    seconds: Array

    def without_features(self) -> ClipScores:
        """To be kept: features of every frame would grow with the data."""
        return replace(self, features=self.features[:, :0])


class ClipEvaluator:
    """Entrants, judges and metrics, ready for any number of takes."""

    def __init__(
        self,
        entrants: Sequence[Candidate],
        judges: EvaluatorNetworks,
        metrics: Sequence[Metric],
        protocol: Protocol,
        compute: ComputeOptions,
        *,
        kept: Path,
    ) -> None:
        """kept: a folder for what was found of drivers, emptied by whoever gave it."""
        self._judges, self._metrics, self._protocol = judges, metrics, protocol
        self._threads = compute.threads
        compute = _repeatable(compute)
        trajectories = TrajectoryCache(kept)
        self._animators = [
            Animator(
                Options(
                    faces=FaceOptions(registration=protocol.registration),
                    motion=motion_of(entrant, protocol),
                    output=OutputOptions(reswarp=protocol.reswarp),
                    compute=compute,
                ),
                trajectories=trajectories,
            )
            if entrant.model
            else None
            for entrant in entrants
        ]

    def run(self, take: ClipPair, on_shown: OnScoredFrame) -> ClipScores:
        """All figures of one take.

        Raises:
            AnimateError: no face in the source or the driver, or a file cannot be read.
        """
        first = _frame(take.source, take.source_frame, self._threads)
        with TemporaryDirectory() as folder, ExitStack() as stack:
            source = Path(folder) / "source.png"
            write_image(source, first)
            staged = [self._stage(one, source, take) if one else None for one in self._animators]
            streams = [stack.enter_context(closing(_stream(one, first))) for one in staged]
            frames = stack.enter_context(closing(_frames(take.driver, self._threads)))
            driver_motion = islice(frames, take.driver_start, None)
            shown = zip(driver_motion, zip(*streams, strict=False), strict=False)
            return self._judge(take, first, staged, shown, on_shown)

    def _stage(self, animator: Animator, source: Path, take: ClipPair) -> PreparedJob:
        """The driver's motion as a template beside the source."""
        trajectory = driver_motion(animator, take, self._protocol, self._threads)
        template = source.with_name("driver.npz")
        save_template(trajectory, template, overwrite=True)
        is_labelled = self._protocol.driven_by is DrivenBy.LABELS
        face = trajectory.landmarks[take.source_frame] if is_labelled else None
        return self._anchored(animator, take).stage(source, template, face=face)

    def _anchored(self, animator: Animator, take: ClipPair) -> Animator:
        """A clip that drives one of its own frames is anchored there."""
        if not take.source_frame or self._protocol.reenactment is not Reenactment.SELF:
            return animator
        motion = replace(animator.options.motion, anchor=str(take.source_frame))
        return animator.with_options(replace(animator.options, motion=motion))

    def _judge(
        self,
        take: ClipPair,
        first: Image,
        staged: Sequence[PreparedJob | None],
        shown: Iterable[tuple[Image, tuple[RenderedFrame, ...]]],
        on_shown: OnScoredFrame,
    ) -> ClipScores:
        anyone = next(one for one in staged if one)
        trajectory = anyone.followed.trajectory
        bench = ClipScorer(
            self._judges,
            self._metrics,
            self._protocol.reenactment,
            source=first,
            landmarks=anyone.scene.canvas.landmarks,
            square=anyone.scene.canvas.crop,
            entrants=len(staged),
        )
        lost = 0
        before: deque[UnscoredFrame] = deque(maxlen=BEFORE)
        for index, (driver, outputs) in enumerate(shown):
            about = trajectory.landmarks[index]
            if index == anyone.anchor:
                bench.note_anchor(driver, about)
            if trajectory.cut[index] or not trajectory.found[index]:
                before.clear()
            if not trajectory.found[index]:
                lost += self._protocol.is_scored(index, take.source_frame)
                continue
            pixels = tuple(one.pixels for one in outputs)
            if self._protocol.is_scored(index, take.source_frame):
                bench.look(driver, about, pixels, before)
                on_shown(ScoredFrame(index=index, source=first, driver=driver, outputs=outputs))
            before.append(UnscoredFrame(driver=driver, outputs=pixels))
        return ClipScores(
            figures=bench.figures(),
            place_errors=all_landmark_errors(self._protocol, bench.performances()),
            features=bench.features(),
            driver_sha256=trajectory.sha256,
            frames=len(trajectory),
            scored=bench.scored,
            lost=lost,
            seconds=np.array([_busy_s(one) for one in staged]),
        )


def _repeatable(compute: ComputeOptions) -> ComputeOptions:
    """Automatic engines may draw in less precision, whose last digits depend on how many frames are
    drawn together."""
    engine = Engine.TORCH if compute.engine is Engine.AUTO else compute.engine
    return replace(compute, engine=engine)


def motion_of(entrant: Candidate, protocol: Protocol) -> MotionOptions:
    """How a protocol moves a source: absolutely by its own clip, relatively by another's; with
    its own shape of head."""
    is_self = protocol.reenactment is Reenactment.SELF
    return MotionOptions(
        model=entrant.model,
        weights=entrant.weights,
        motion=Motion.ABSOLUTE if is_self else Motion.RELATIVE,
        anchor="first" if is_self else "auto",
        only=protocol.only,
    )


def _stream(staged: PreparedJob | None, source: Image) -> Stage[RenderedFrame]:
    return repeat_source(source) if staged is None else render_frames(staged)


def _frames(path: Path, threads: int) -> Stage[Image]:
    with open_driver(path, ReadOptions(), threads=threads) as reader:
        for frame in reader:
            yield frame.pixels


def _frame(path: Path, number: int, threads: int) -> Image:
    with closing(_frames(path, threads)) as frames:
        return next(islice(frames, number, None))


def _busy_s(staged: PreparedJob | None) -> float:
    """What pass 2 took so far, in seconds; encoding is not part of it."""
    return sum(t.seconds for t in staged.scene.clock.timings) if staged else 0.0
