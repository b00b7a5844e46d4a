"""The metrics of each protocol, in the order of the table."""

from __future__ import annotations

from animate_cli.evaluate.metrics.clip_metrics import expression_metrics, motion_metrics
from animate_cli.evaluate.metrics.image_metrics import (
    cross_image_metrics,
    fid,
    seam_metric,
    self_image_metrics,
)
from animate_cli.evaluate.metrics.landmark_metrics import landmark_metrics
from animate_cli.evaluate.metrics.metric import Metric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.options import Only


def metric_catalog(protocol: Protocol, evaluators: EvaluatorNetworks) -> list[Metric]:
    """All metrics of a protocol. Those whose evaluator is missing are listed too, so that the table
    can say what they need."""
    shape = evaluators.shape
    if protocol.reenactment is Reenactment.SELF:
        return [
            *self_image_metrics(evaluators),
            *landmark_metrics(protocol.driven_by),
            *motion_metrics(shape),
            seam_metric(),
            fid(evaluators),
        ]
    if protocol.only is Only.EXPRESSION:
        return [*expression_metrics(shape), *cross_image_metrics(evaluators), fid(evaluators)]
    return [*motion_metrics(shape), *cross_image_metrics(evaluators), fid(evaluators)]
