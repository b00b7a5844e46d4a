"""What a metric is: a name, a direction, who judges, and a figure per frame or per clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from torch import Tensor

from animate_cli.evaluate.metrics.face_measurements import FaceMeasurements
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName
from animate_cli.records import Crop, Points

TRIPLES_EVERY = 3  # scored frames: three looks at every candidate are costly


class Better(StrEnum):
    """Which way is good."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameImages:
    """One frame: outputs (N, 3, H, W) of N entrants, source and target (1, 3, H, W), in [0, 1];
    landmarks (74, 2) of the target in pixels; square: what of the source moves.

    target: the driver's frame; only in self-reenactment is it what the outputs should be.
    """

    outputs: Tensor
    source: Tensor
    target: Tensor
    landmarks: Points
    square: Crop


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameStep:
    """Two frames that follow each other: outputs (2, N, 3, H, W), target (2, 1, 3, H, W), the
    earlier first, in [0, 1]; a target as in `FrameImages`."""

    outputs: Tensor
    target: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipMeasurements:
    """One entrant's clip as the judges read it; source and anchor are what motion starts from.

    driving (T, 74, 2): the points that drove it; longer_side: of its frames, in pixels;
    triples (M, 3, 74, 2): our own landmarks in three frames that follow each other, M times.
    """

    source: FaceMeasurements
    anchor: FaceMeasurements
    driver: tuple[FaceMeasurements, ...]
    output: tuple[FaceMeasurements, ...]
    driving: Points
    longer_side: int
    triples: Points


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """One row of the table. label: for people; unit: empty for shares and indices.

    every: of the scored frames that it looks at, 1: all; costly judges look at some.
    """

    name: str
    label: str
    better: Better
    judge: EvaluatorName = EvaluatorName.NONE
    unit: str = ""
    every: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageMetric(Metric):
    """Frame by frame -> (N,); averaged over a clip."""

    of: Callable[[FrameImages], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameStepMetric(Metric):
    """A scored frame and the one before it -> (N,); averaged over a clip."""

    of: Callable[[FrameStep], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipMetric(Metric):
    """A clip at once; NaN where it has nothing to say of it."""

    of: Callable[[ClipMeasurements], float]


@dataclass(frozen=True, kw_only=True, eq=False)
class SetMetric(Metric):
    """All pictures of all takes at once, by features: pictures (N, 3, H, W) -> (N, D)."""

    of: Callable[[Tensor], Tensor]
