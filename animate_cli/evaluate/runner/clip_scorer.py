"""Scores the frames of one clip pair as they come, and sums them up at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.evaluate.metrics.face_measurements import (
    FaceMeasurements,
    find_and_measure,
    measure_faces,
)
from animate_cli.evaluate.metrics.metric import (
    TRIPLES_EVERY,
    ClipMeasurements,
    ClipMetric,
    FrameImages,
    FrameStep,
    FrameStepMetric,
    ImageMetric,
    Metric,
    SetMetric,
)
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks
from animate_cli.evaluate.protocol import Reenactment
from animate_cli.faces.landmarks.inference import detect_in_crops, upright_square
from animate_cli.records import LANDMARKS, Crop, Image, Points

Array = NDArray[np.float64]
PRECEDING = 2  # frames before a scored one that metrics over time need


@dataclass(frozen=True, kw_only=True, eq=False)
class RenderedOutputs:
    """One frame: the driver's (H, W, 3), and every candidate's output."""

    driver: Image
    outputs: tuple[Image, ...]


class ClipScorer:
    """Keeps scores of images and measurements of faces; never a frame."""

    def __init__(
        self,
        evaluators: EvaluatorNetworks,
        metrics: Sequence[Metric],
        reenactment: Reenactment,
        *,
        source: Image,
        landmarks: Points,
        crop: Crop,
        candidates: int,
    ) -> None:
        """source (H, W, 3) with its landmarks (74, 2); crop: the part of it that is rendered."""
        self._evaluators, self._metrics, self._reenactment = evaluators, metrics, reenactment
        self._absent = {one.evaluator for one in evaluators.absent}
        self._source = measure_faces(evaluators, [(source, landmarks)])[0]
        self._anchor = self._source
        self._photo, self._crop = self._tensor([source]), crop
        self._longer_side = max(source.shape[:2])
        self._drivers: list[FaceMeasurements] = []
        self._driving_points: list[Points] = []
        self._outputs: list[list[FaceMeasurements]] = [[] for _ in range(candidates)]
        self._by_metric: dict[str, list[Array]] = {}  # (candidates,) of every frame it scored
        self._triples: list[list[Points]] = [[] for _ in range(candidates)]
        self._features: list[NDArray[np.float32]] = []
        self._steps = 0

    @property
    def scored(self) -> int:
        """Frames scored so far."""
        return len(self._drivers)

    def measure_anchor(self, driver: Image, landmarks: Points) -> None:
        """Measure the driver frame from which relative motion is counted: (H, W, 3), (74, 2)."""
        self._anchor = measure_faces(self._evaluators, [(driver, landmarks)])[0]

    def score_frame(
        self,
        frame: RenderedOutputs,
        landmarks: Points,
        preceding: Sequence[RenderedOutputs] = (),
    ) -> None:
        """Score one frame. landmarks (74, 2) of its driver.

        preceding: the frames just before it in the same shot, oldest first, at most `PRECEDING`.
        """
        self._score_images(frame, landmarks)
        if self._reenactment is Reenactment.SELF:
            views = [(image, landmarks) for image in (frame.driver, *frame.outputs)]
            driver, *outputs = measure_faces(self._evaluators, views)
        else:
            (driver,) = measure_faces(self._evaluators, [(frame.driver, landmarks)])
            near = [(own or [self._source])[-1].points for own in self._outputs]
            views = list(zip(frame.outputs, near, strict=True))
            outputs = find_and_measure(self._evaluators, views)
        self._drivers.append(driver)
        self._driving_points.append(landmarks)
        for own, measured in zip(self._outputs, outputs, strict=True):
            own.append(measured)
        if len(preceding) == PRECEDING:
            self._score_step((*preceding, frame), outputs)

    def scores(self) -> Array:
        """Scores of the clip: (candidates, metrics), NaN where a metric has no value."""
        table = np.full((len(self._outputs), len(self._metrics)), np.nan)
        for column, metric in enumerate(self._metrics):
            if metric.name in self._by_metric:
                table[:, column] = np.mean(self._by_metric[metric.name], axis=0)
        for row, clip in zip(table, self.clip_measurements(), strict=True):
            for column, metric in enumerate(self._metrics):
                if isinstance(metric, ClipMetric) and self._is_present(metric) and clip.output:
                    row[column] = metric.compute(clip)
        return table

    def clip_measurements(self) -> list[ClipMeasurements]:
        """Every candidate's measurements so far."""
        return [
            ClipMeasurements(
                source=self._source,
                anchor=self._anchor,
                driver=tuple(self._drivers),
                output=tuple(own),
                driving_points=np.array(self._driving_points, np.float32).reshape(-1, LANDMARKS, 2),
                longer_side=self._longer_side,
                triples=np.array(triples, np.float32).reshape(-1, PRECEDING + 1, LANDMARKS, 2),
            )
            for own, triples in zip(self._outputs, self._triples, strict=True)
        ]

    def features(self) -> NDArray[np.float32]:
        """Features for set metrics: (1 + candidates, T, D), the driver's frames first."""
        if not self._features:
            return np.zeros((1 + len(self._outputs), 0, 0), np.float32)
        return np.stack(self._features, axis=1)

    def _score_images(self, frame: RenderedOutputs, landmarks: Points) -> None:
        images = FrameImages(
            outputs=self._tensor(frame.outputs),
            source=self._photo,
            target=self._tensor([frame.driver]),
            landmarks=landmarks,
            crop=self._crop,
        )
        for metric in self._metrics:
            if isinstance(metric, ImageMetric) and self._is_due(metric, self.scored):
                self._add(metric, metric.compute(images))
            elif isinstance(metric, SetMetric) and self._is_due(metric, self.scored):
                both = torch.cat((images.target, images.outputs))
                self._features.append(metric.compute(both).float().cpu().numpy())

    def _score_step(
        self, frames: Sequence[RenderedOutputs], outputs: Sequence[FaceMeasurements]
    ) -> None:
        """Metrics over consecutive frames, the scored one last. outputs: measured in that one."""
        step = FrameStep(
            outputs=torch.stack([self._tensor(one.outputs) for one in frames[-2:]]),
            target=torch.stack([self._tensor([one.driver]) for one in frames[-2:]]),
        )
        for metric in self._metrics:
            if isinstance(metric, FrameStepMetric) and self._is_due(metric, self._steps):
                self._add(metric, metric.compute(step))
        if self._steps % TRIPLES_EVERY == 0:
            for candidate, measured in enumerate(outputs):
                square = upright_square(measured.points, self._evaluators.landmarker.size)
                views = [(one.outputs[candidate], square) for one in frames]
                detections = detect_in_crops(views, self._evaluators.landmarker)
                self._triples[candidate].append(np.stack([one.landmarks for one in detections]))
        self._steps += 1

    def _add(self, metric: Metric, scores: Tensor) -> None:
        self._by_metric.setdefault(metric.name, []).append(scores.cpu().double().numpy())

    def _is_due(self, metric: Metric, number: int) -> bool:
        return self._is_present(metric) and number % metric.every == 0

    def _is_present(self, metric: Metric) -> bool:
        return metric.evaluator not in self._absent

    def _tensor(self, images: Sequence[Image]) -> Tensor:
        """(H, W, 3) uint8 each -> (N, 3, H, W) in [0, 1], channels last."""
        batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
        return batch.to(self._evaluators.device)
