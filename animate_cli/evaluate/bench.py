"""Where one take's pictures are judged as they come, and its figures drawn up at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.evaluate.judges import Judges
from animate_cli.evaluate.metric import (
    Metric,
    Performance,
    PictureMetric,
    Pictures,
    ReadingMetric,
)
from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.reading import Reading, find_and_read, read
from animate_cli.records import Image, Points

Array = NDArray[np.float64]


class Bench:
    """Of pictures, figures are kept; of faces, readings; never a frame."""

    def __init__(
        self,
        judges: Judges,
        metrics: Sequence[Metric],
        reenactment: Reenactment,
        *,
        source: Image,
        landmarks: Points,
        entrants: int,
    ) -> None:
        """source (H, W, 3) with its landmarks (74, 2)."""
        self._judges, self._metrics, self._reenactment = judges, metrics, reenactment
        self._absent = {one.judge for one in judges.absent}
        self._source = read(judges, [(source, landmarks)])[0]
        self._anchor = self._source
        self._longer_side = max(source.shape[:2])
        self._driver: list[Reading] = []
        self._outputs: list[list[Reading]] = [[] for _ in range(entrants)]
        self._frames: list[Array] = []  # of each scored frame: (entrants, metrics)

    @property
    def scored(self) -> int:
        """Frames looked at so far."""
        return len(self._driver)

    def note_anchor(self, driver: Image, landmarks: Points) -> None:
        """The driver frame from which relative motion is measured."""
        self._anchor = read(self._judges, [(driver, landmarks)])[0]

    def look(self, driver: Image, landmarks: Points, outputs: Sequence[Image]) -> None:
        """One scored frame: driver (H, W, 3) with its landmarks (74, 2), every entrant's output."""
        if self._reenactment is Reenactment.SELF:
            views = [(picture, landmarks) for picture in (driver, *outputs)]
            seen, *made = read(self._judges, views)
            self._compare(driver, landmarks, outputs)
        else:
            (seen,) = read(self._judges, [(driver, landmarks)])
            near = [(own or [self._source])[-1].points for own in self._outputs]
            made = find_and_read(self._judges, list(zip(outputs, near, strict=True)))
        self._driver.append(seen)
        for own, reading in zip(self._outputs, made, strict=True):
            own.append(reading)

    def figures(self) -> Array:
        """Of the whole take: (entrants, metrics), NaN where a metric has nothing to say."""
        table = np.full((len(self._outputs), len(self._metrics)), np.nan)
        if self._frames:
            table = np.stack(self._frames).mean(axis=0)
        for row, own in zip(table, self._outputs, strict=True):
            shown = Performance(
                source=self._source,
                anchor=self._anchor,
                driver=tuple(self._driver),
                output=tuple(own),
                longer_side=self._longer_side,
            )
            for column, metric in enumerate(self._metrics):
                if isinstance(metric, ReadingMetric) and self._is_present(metric) and own:
                    row[column] = metric.of(shown)
        return table

    def _compare(self, driver: Image, landmarks: Points, outputs: Sequence[Image]) -> None:
        pictures = Pictures(
            outputs=_tensor(outputs).to(self._judges.device),
            target=_tensor([driver]).to(self._judges.device),
            landmarks=landmarks,
        )
        row = np.full((len(outputs), len(self._metrics)), np.nan)
        for column, metric in enumerate(self._metrics):
            if isinstance(metric, PictureMetric) and self._is_present(metric):
                row[:, column] = metric.of(pictures).double().cpu().numpy()
        self._frames.append(row)

    def _is_present(self, metric: Metric) -> bool:
        return metric.judge not in self._absent


def _tensor(pictures: Sequence[Image]) -> Tensor:
    """(H, W, 3) uint8 each -> (N, 3, H, W) in [0, 1], channels last."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
