"""A metric: its name, its direction, its evaluator, and the function that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from torch import Tensor

from animate_cli.evaluate.metrics.face_measurements import FaceMeasurements
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName
from animate_cli.records import Crop, Points

TRIPLES_EVERY = 3  # scored frames; a triple costs three landmark detections per candidate


class Better(StrEnum):
    """Whether lower or higher values are better."""

    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameImages:
    """One frame: outputs (N, 3, H, W) of N candidates, source and target (1, 3, H, W), in [0, 1];
    landmarks (74, 2) of the target in pixels; crop: the part of the source that is rendered.

    target: the driver's frame; only in self-reenactment should the outputs equal it.
    """

    outputs: Tensor
    source: Tensor
    target: Tensor
    landmarks: Points
    crop: Crop


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameStep:
    """Two consecutive frames, the earlier first: outputs (2, N, 3, H, W), target (2, 1, 3, H, W),
    in [0, 1]; target as in `FrameImages`."""

    outputs: Tensor
    target: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipMeasurements:
    """The faces in one candidate's clip, as the evaluator networks measure them.

    source, anchor: the source photo, and the driver frame from which relative motion is counted;
    driver, output: T scored frames; driving_points (T, 74, 2): the points that drove the candidate;
    longer_side: of the frames, in pixels; triples (M, 3, 74, 2): our own landmarks of the output in
    three consecutive frames, M times.
    """

    source: FaceMeasurements
    anchor: FaceMeasurements
    driver: tuple[FaceMeasurements, ...]
    output: tuple[FaceMeasurements, ...]
    driving_points: Points
    longer_side: int
    triples: Points


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """A metric's description; subclasses say what it is computed from.

    label: shown to people; unit: empty for shares and indices; every: it is computed on every n-th
    scored frame, because its evaluator is costly.
    """

    name: str
    label: str
    better: Better
    evaluator: EvaluatorName = EvaluatorName.NONE
    unit: str = ""
    every: int = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageMetric(Metric):
    """Computed on single frames -> (N,), and averaged over a clip."""

    compute: Callable[[FrameImages], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameStepMetric(Metric):
    """Computed on a scored frame and the one before it -> (N,), and averaged over a clip."""

    compute: Callable[[FrameStep], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipMetric(Metric):
    """Computed on a whole clip; NaN where it has no value."""

    compute: Callable[[ClipMeasurements], float]


@dataclass(frozen=True, kw_only=True, eq=False)
class SetMetric(Metric):
    """Computed on the images of all clips together. compute: images (N, 3, H, W) -> features
    (N, D)."""

    compute: Callable[[Tensor], Tensor]
