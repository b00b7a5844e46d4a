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
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from animate_cli.data.clips import read_clip
from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.driver_motion import driver_motion
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
from animate_cli.faces.tracking.template import save_template
from animate_cli.media.images.image import write_image
from animate_cli.options import (
    ComputeOptions,
    Engine,
    FaceOptions,
    Motion,
    MotionOptions,
    Options,
    OutputOptions,
)
from animate_cli.pipeline import Animator, PreparedJob
from animate_cli.records import Image
from animate_cli.stages.trajectories import TrajectoryCache
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
        cache_folder: Path,
    ) -> None:
        """cache_folder: where tracked drivers are kept. The caller deletes it."""
        self._evaluators, self._metrics, self._protocol = evaluators, metrics, protocol
        self._threads = compute.threads
        compute = _reproducible(compute)
        trajectories = TrajectoryCache(cache_folder)
        self._animators = [
            Animator(
                Options(
                    faces=FaceOptions(registration=protocol.registration),
                    motion=motion_options(candidate, protocol),
                    output=OutputOptions(reswarp=protocol.reswarp),
                    compute=compute,
                ),
                trajectories=trajectories,
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
        with TemporaryDirectory() as folder, ExitStack() as stack:
            source = Path(folder) / "source.png"
            write_image(source, first)
            jobs = [self._prepare(one, source, pair) if one else None for one in self._animators]
            streams = [stack.enter_context(closing(_outputs(one, first))) for one in jobs]
            frames = stack.enter_context(closing(_frames(pair.driver, self._threads)))
            driver_frames = islice(frames, pair.driver_start, None)
            shown = zip(driver_frames, zip(*streams, strict=False), strict=False)
            return self._score(pair, first, jobs, shown, on_frame)

    def _prepare(self, animator: Animator, source: Path, pair: ClipPair) -> PreparedJob:
        """The driver's motion as a template beside the source."""
        trajectory = driver_motion(animator, pair, self._protocol, self._threads)
        template = source.with_name("driver.npz")
        save_template(trajectory, template, overwrite=True)
        is_labelled = self._protocol.driven_by is DrivenBy.LABELS
        face = trajectory.landmarks[pair.source_frame] if is_labelled else None
        return self._anchored(animator, pair).stage(source, template, face=face)

    def _anchored(self, animator: Animator, pair: ClipPair) -> Animator:
        """A clip that drives one of its own frames is anchored there."""
        if not pair.source_frame or self._protocol.reenactment is not Reenactment.SELF:
            return animator
        motion = replace(animator.options.motion, anchor=str(pair.source_frame))
        return animator.with_options(replace(animator.options, motion=motion))

    def _score(
        self,
        pair: ClipPair,
        first: Image,
        jobs: Sequence[PreparedJob | None],
        shown: Iterable[tuple[Image, tuple[RenderedFrame, ...]]],
        on_frame: OnFrame,
    ) -> ClipScores:
        job = next(one for one in jobs if one)
        trajectory = job.followed.trajectory
        scorer = ClipScorer(
            self._evaluators,
            self._metrics,
            self._protocol.reenactment,
            source=first,
            landmarks=job.scene.canvas.landmarks,
            crop=job.scene.canvas.crop,
            candidates=len(jobs),
        )
        lost = 0
        preceding: deque[RenderedOutputs] = deque(maxlen=PRECEDING)
        for index, (driver, outputs) in enumerate(shown):
            landmarks = trajectory.landmarks[index]
            if index == job.anchor:
                scorer.measure_anchor(driver, landmarks)
            if trajectory.cut[index] or not trajectory.found[index]:
                preceding.clear()
            if not trajectory.found[index]:
                lost += self._protocol.is_scored(index, pair.source_frame)
                continue
            frame = RenderedOutputs(driver=driver, outputs=tuple(one.pixels for one in outputs))
            if self._protocol.is_scored(index, pair.source_frame):
                scorer.score_frame(frame, landmarks, preceding)
                on_frame(ScoredFrame(index=index, source=first, driver=driver, outputs=outputs))
            preceding.append(frame)
        return ClipScores(
            scores=scorer.scores(),
            landmark_errors=all_landmark_errors(self._protocol, scorer.clip_measurements()),
            features=scorer.features(),
            driver_sha256=trajectory.sha256,
            frames=len(trajectory),
            scored=scorer.scored,
            lost=lost,
            seconds=np.array([_render_s(one) for one in jobs]),
        )


def motion_options(candidate: Candidate, protocol: Protocol) -> MotionOptions:
    """A protocol's motion: absolute by the source's own clip, relative by another person's; the
    shape of the head stays the source's."""
    is_self = protocol.reenactment is Reenactment.SELF
    return MotionOptions(
        model=candidate.model,
        weights=candidate.weights,
        motion=Motion.ABSOLUTE if is_self else Motion.RELATIVE,
        anchor="first" if is_self else "auto",
        only=protocol.only,
    )


def _reproducible(compute: ComputeOptions) -> ComputeOptions:
    """Automatic engines may render in lower precision, where the last digits depend on the number
    of frames in a batch."""
    engine = Engine.TORCH if compute.engine is Engine.AUTO else compute.engine
    return replace(compute, engine=engine)


def _outputs(job: PreparedJob | None, source: Image) -> Stage[RenderedFrame]:
    return repeat_source(source) if job is None else render_frames(job.scene)


def _frames(path: Path, threads: int) -> Stage[Image]:
    for frame in read_clip(path, threads=threads):
        yield frame.pixels


def _frame(path: Path, number: int, threads: int) -> Image:
    with closing(_frames(path, threads)) as frames:
        return next(islice(frames, number, None))


def _render_s(job: PreparedJob | None) -> float:
    """Seconds that pass 2 took so far, without encoding."""
    return sum(timing.seconds for timing in job.scene.clock.timings) if job else 0.0
