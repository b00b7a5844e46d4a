"""Where one take's pictures are judged as they come, and its figures drawn up at the end."""

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
BEFORE = 2  # frames before a scored one that are asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class UnscoredFrame:
    """A frame that was not scored: driver (H, W, 3), and every entrant's output."""

    driver: Image
    outputs: tuple[Image, ...]


class ClipScorer:
    """Of pictures, figures are kept; of faces, readings; never a frame."""

    def __init__(
        self,
        judges: EvaluatorNetworks,
        metrics: Sequence[Metric],
        reenactment: Reenactment,
        *,
        source: Image,
        landmarks: Points,
        square: Crop,
        entrants: int,
    ) -> None:
        """source (H, W, 3) with its landmarks (74, 2); square: what of it moves."""
        self._judges, self._metrics, self._reenactment = judges, metrics, reenactment
        self._absent = {one.judge for one in judges.absent}
        self._source = measure_faces(judges, [(source, landmarks)])[0]
        self._anchor = self._source
        self._photo, self._square = self._tensor([source]), square
        self._longer_side = max(source.shape[:2])
        self._driver: list[FaceMeasurements] = []
        self._driving: list[Points] = []
        self._outputs: list[list[FaceMeasurements]] = [[] for _ in range(entrants)]
        self._rows: dict[str, list[Array]] = {}  # metric -> (entrants,) of the frames it looked at
        self._triples: list[list[Points]] = [[] for _ in range(entrants)]
        self._features: list[NDArray[np.float32]] = []
        self._steps = 0

    @property
    def scored(self) -> int:
        """Frames looked at so far."""
        return len(self._driver)

    def note_anchor(self, driver: Image, landmarks: Points) -> None:
        """The driver frame from which relative motion is measured."""
        self._anchor = measure_faces(self._judges, [(driver, landmarks)])[0]

    def look(
        self,
        driver: Image,
        landmarks: Points,
        outputs: Sequence[Image],
        before: Sequence[UnscoredFrame] = (),
    ) -> None:
        """One scored frame: driver (H, W, 3) with its landmarks (74, 2), every entrant's output.

        before: the frames just before it, oldest first, `BEFORE` at most, of the same shot.
        """
        now = UnscoredFrame(driver=driver, outputs=tuple(outputs))
        self._compare(now, landmarks)
        if self._reenactment is Reenactment.SELF:
            views = [(picture, landmarks) for picture in (driver, *outputs)]
            seen, *made = measure_faces(self._judges, views)
        else:
            (seen,) = measure_faces(self._judges, [(driver, landmarks)])
            near = [(own or [self._source])[-1].points for own in self._outputs]
            made = find_and_measure(self._judges, list(zip(outputs, near, strict=True)))
        self._driver.append(seen)
        self._driving.append(landmarks)
        for own, reading in zip(self._outputs, made, strict=True):
            own.append(reading)
        if len(before) == BEFORE:
            self._follow((*before, now), made)

    def figures(self) -> Array:
        """Of the whole take: (entrants, metrics), NaN where a metric has nothing to say."""
        table = np.full((len(self._outputs), len(self._metrics)), np.nan)
        for column, metric in enumerate(self._metrics):
            if metric.name in self._rows:
                table[:, column] = np.mean(self._rows[metric.name], axis=0)
        for row, shown in zip(table, self.performances(), strict=True):
            for column, metric in enumerate(self._metrics):
                if isinstance(metric, ClipMetric) and self._is_present(metric) and shown.output:
                    row[column] = metric.of(shown)
        return table

    def performances(self) -> list[ClipMeasurements]:
        """What every entrant showed so far."""
        return [
            ClipMeasurements(
                source=self._source,
                anchor=self._anchor,
                driver=tuple(self._driver),
                output=tuple(own),
                driving=np.array(self._driving, np.float32).reshape(-1, LANDMARKS, 2),
                longer_side=self._longer_side,
                triples=np.array(triples, np.float32).reshape(-1, BEFORE + 1, LANDMARKS, 2),
            )
            for own, triples in zip(self._outputs, self._triples, strict=True)
        ]

    def features(self) -> NDArray[np.float32]:
        """What set metrics are made of: (1 + entrants, T, D), the driver's pictures first."""
        if not self._features:
            return np.zeros((1 + len(self._outputs), 0, 0), np.float32)
        return np.stack(self._features, axis=1)

    def _compare(self, now: UnscoredFrame, landmarks: Points) -> None:
        pictures = FrameImages(
            outputs=self._tensor(now.outputs),
            source=self._photo,
            target=self._tensor([now.driver]),
            landmarks=landmarks,
            square=self._square,
        )
        for metric in self._metrics:
            if isinstance(metric, ImageMetric) and self._is_due(metric, self.scored):
                self._note(metric, metric.of(pictures))
            elif isinstance(metric, SetMetric) and self._is_due(metric, self.scored):
                shown = torch.cat((pictures.target, pictures.outputs))
                self._features.append(metric.of(shown).float().cpu().numpy())

    def _follow(self, moments: Sequence[UnscoredFrame], made: Sequence[FaceMeasurements]) -> None:
        """What the last frames show together."""
        step = FrameStep(
            outputs=torch.stack([self._tensor(one.outputs) for one in moments[-2:]]),
            target=torch.stack([self._tensor([one.driver]) for one in moments[-2:]]),
        )
        for metric in self._metrics:
            if isinstance(metric, FrameStepMetric) and self._is_due(metric, self._steps):
                self._note(metric, metric.of(step))
        if self._steps % TRIPLES_EVERY == 0:
            for entrant, reading in enumerate(made):
                square = upright_square(reading.points, self._judges.landmarker.size)
                views = [(one.outputs[entrant], square) for one in moments]
                sights = detect_in_crops(views, self._judges.landmarker)
                self._triples[entrant].append(np.stack([one.landmarks for one in sights]))
        self._steps += 1

    def _note(self, metric: Metric, figures: Tensor) -> None:
        self._rows.setdefault(metric.name, []).append(figures.cpu().double().numpy())

    def _is_due(self, metric: Metric, number: int) -> bool:
        return self._is_present(metric) and number % metric.every == 0

    def _is_present(self, metric: Metric) -> bool:
        return metric.judge not in self._absent

    def _tensor(self, pictures: Sequence[Image]) -> Tensor:
        """(H, W, 3) uint8 each -> (N, 3, H, W) in [0, 1], channels last."""
        batch = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        return batch.to(self._judges.device)
