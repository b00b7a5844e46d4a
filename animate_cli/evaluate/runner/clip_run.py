"""Evaluates one clip pair: every candidate gets the same source and driver.

Frames stream: only measurements of faces are kept of a clip, never its frames.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli.data.clips import read_clip
from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.clips.pair_driver import pair_driver, used_part
from animate_cli.evaluate.metrics.landmark_metrics import all_landmark_errors
from animate_cli.evaluate.metrics.metric import Metric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks
from animate_cli.evaluate.protocol import DrivenBy, Protocol, Reenactment
from animate_cli.evaluate.runner.clip_scorer import (
    PRECEDING,
    Array,
    ClipScorer,
    RenderedOutputs,
)
from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.evaluate.runner.render_frames import RenderedFrame, render_frames, repeat_source
from animate_cli.faces.retargeting.anchor import choose_anchor
from animate_cli.options import (
    ComputeOptions,
    Engine,
    FaceOptions,
    Motion,
    MotionOptions,
    Options,
    OutputOptions,
)
from animate_cli.pipeline import Animator
from animate_cli.records import Image, Photo, PreparedSource, TrackedDriver
from animate_cli.stages.open_scene import OpenScene
from animate_cli.streams import Stage

OnFrame = Callable[[ScoredFrame], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipScores:
    """The scores of one clip pair.

    scores (candidates, metrics): NaN where a metric has no value;
    landmark_errors (candidates, detectors, scored): see `all_landmark_errors`;
    features (1 + candidates, scored, D): Inception features for FID, the driver's first;
    driver_sha256: of the driver's file;
    frames: how many were rendered; scored, lost: frames at the stride with and without a face;
    seconds (candidates,): spent on rendering all frames, one candidate at a time.
    """

    scores: Array
    landmark_errors: Array
    features: NDArray[np.float32]
    driver_sha256: str
    frames: int
    scored: int
    lost: int
    seconds: Array

    def without_features(self) -> ClipScores:
        """The record to keep: features of every frame would grow with the data."""
        return replace(self, features=self.features[:, :0])


class ClipEvaluator:
    """Candidates, evaluator networks and metrics, ready for any number of clip pairs."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        evaluators: EvaluatorNetworks,
        metrics: Sequence[Metric],
        protocol: Protocol,
        compute: ComputeOptions,
        *,
        tracker: ClipTracker | None = None,
    ) -> None:
        """tracker: of the clips that are tracked already; None: no clip is."""
        self._evaluators, self._metrics, self._protocol = evaluators, metrics, protocol
        self._tracker, self._threads = tracker or ClipTracker(compute), compute.threads
        compute = _reproducible(compute)
        self._animators = [
            Animator(
                Options(
                    faces=FaceOptions(registration=protocol.registration),
                    motion=motion_options(candidate, protocol),
                    output=OutputOptions(reswarp=protocol.reswarp),
                    compute=compute,
                )
            )
            if candidate.model
            else None
            for candidate in candidates
        ]

    def run(self, pair: ClipPair, on_frame: OnFrame) -> ClipScores:
        """All scores of one pair. on_frame: called with every scored frame.

        Raises:
            AnimateError: no face in the source or the driver, or a file cannot be read.
        """
        first = _frame(pair.source, pair.source_frame, self._threads)
        driver = pair_driver(self._tracker, pair, self._protocol, self._threads)
        source = self._prepare_source(pair, first, driver)
        scenes = self._open_scenes(pair, source, driver)
        with ExitStack() as stack:
            streams = [stack.enter_context(closing(_outputs(one, first))) for one in scenes]
            frames = stack.enter_context(closing(_frames(pair.driver, self._threads)))
            driver_frames = islice(frames, pair.driver_start, None)
            outputs = zip(driver_frames, zip(*streams, strict=False), strict=False)
            return self._score(pair, scenes, outputs, on_frame)

    def _prepare_source(
        self, pair: ClipPair, first: Image, driver: TrackedDriver
    ) -> PreparedSource:
        """The source frame and its face, which labels give where they drive."""
        is_labelled = self._protocol.driven_by is DrivenBy.LABELS
        face = driver.trajectory.landmarks[pair.source_frame] if is_labelled else None
        return self._tracker.prepare_source(Photo(path=pair.source, pixels=first), face)

    def _open_scenes(
        self, pair: ClipPair, source: PreparedSource, driver: TrackedDriver
    ) -> list[OpenScene | None]:
        """A scene per candidate, None for the still source; all have the same anchor."""
        anchor = self._anchor(pair, source, used_part(driver, pair, self._protocol))
        scenes: list[OpenScene | None] = []
        for animator in self._animators:
            if animator is None:
                scenes.append(None)
                continue
            motion = replace(animator.options.motion, anchor=str(anchor))
            anchored = animator.with_options(replace(animator.options, motion=motion))
            part = used_part(anchored.prepare_driver(driver), pair, self._protocol)
            scenes.append(anchored.open_scene(source, part))
        return scenes

    def _anchor(self, pair: ClipPair, source: PreparedSource, driver: TrackedDriver) -> int:
        """The driver frame from which motion is counted: the source itself, where its own clip
        drives it."""
        spec = _anchor_spec(self._protocol)
        if pair.source_frame and self._protocol.reenactment is Reenactment.SELF:
            spec = str(pair.source_frame)
        trajectory = driver.trajectory
        return choose_anchor(source.landmarks, trajectory.landmarks, trajectory.found, spec)

    def _score(
        self,
        pair: ClipPair,
        scenes: Sequence[OpenScene | None],
        rendered: Iterable[tuple[Image, tuple[RenderedFrame, ...]]],
        on_frame: OnFrame,
    ) -> ClipScores:
        shared = next(one for one in scenes if one)  # source, driver, anchor, canvas: as of all
        source, trajectory = shared.source.photo.pixels, shared.driver.trajectory
        scorer = ClipScorer(
            self._evaluators,
            self._metrics,
            self._protocol.reenactment,
            source=source,
            landmarks=shared.scene.canvas.landmarks,
            crop=shared.scene.canvas.crop,
            candidates=len(scenes),
        )
        lost = 0
        preceding: deque[RenderedOutputs] = deque(maxlen=PRECEDING)
        for index, (driver, outputs) in enumerate(rendered):
            landmarks = trajectory.landmarks[index]
            if index == shared.anchor:
                scorer.measure_anchor(driver, landmarks)
            if trajectory.cut[index] or not trajectory.found[index]:
                preceding.clear()
            if not trajectory.found[index]:
                lost += self._protocol.is_scored(index, pair.source_frame)
                continue
            frame = RenderedOutputs(driver=driver, outputs=tuple(one.pixels for one in outputs))
            if self._protocol.is_scored(index, pair.source_frame):
                scorer.score_frame(frame, landmarks, preceding)
                on_frame(ScoredFrame(index=index, source=source, driver=driver, outputs=outputs))
            preceding.append(frame)
        return ClipScores(
            scores=scorer.scores(),
            landmark_errors=all_landmark_errors(self._protocol, scorer.clip_measurements()),
            features=scorer.features(),
            driver_sha256=trajectory.sha256,
            frames=len(trajectory),
            scored=scorer.scored,
            lost=lost,
            seconds=np.array([_render_s(one) for one in scenes]),
        )


def motion_options(candidate: Candidate, protocol: Protocol) -> MotionOptions:
    """A protocol's motion: absolute by the source's own clip, relative by another person's; the
    shape of the head stays the source's."""
    is_self = protocol.reenactment is Reenactment.SELF
    return MotionOptions(
        model=candidate.model,
        weights=candidate.weights,
        motion=Motion.ABSOLUTE if is_self else Motion.RELATIVE,
        anchor=_anchor_spec(protocol),
        only=protocol.only,
    )


def _reproducible(compute: ComputeOptions) -> ComputeOptions:
    """Automatic engines may render in lower precision, where the last digits depend on the number
    of frames in a batch."""
    engine = Engine.TORCH if compute.engine is Engine.AUTO else compute.engine
    return replace(compute, engine=engine)


def _anchor_spec(protocol: Protocol) -> str:
    return "first" if protocol.reenactment is Reenactment.SELF else "auto"


def _outputs(scene: OpenScene | None, source: Image) -> Stage[RenderedFrame]:
    return repeat_source(source) if scene is None else render_frames(scene.scene)


def _frames(path: Path, threads: int) -> Stage[Image]:
    for frame in read_clip(path, threads=threads):
        yield frame.pixels


def _frame(path: Path, number: int, threads: int) -> Image:
    with closing(_frames(path, threads)) as frames:
        return next(islice(frames, number, None))


def _render_s(scene: OpenScene | None) -> float:
    """Seconds that pass 2 took so far, without encoding."""
    return sum(timing.seconds for timing in scene.scene.clock.timings) if scene else 0.0
