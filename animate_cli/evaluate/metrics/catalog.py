"""Which metrics a protocol has, in the order of the table."""

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


def metric_catalog(protocol: Protocol, judges: EvaluatorNetworks) -> list[Metric]:
    """Those of the protocol, absent judges' included: the table says what they need."""
    if protocol.reenactment is Reenactment.SELF:
        near = landmark_metrics(protocol.driven_by)
        return [
            *self_image_metrics(judges),
            *near,
            *motion_metrics(judges.shape),
            seam_metric(),
            fid(judges),
        ]
    if protocol.only is Only.EXPRESSION:
        return [*expression_metrics(judges.shape), *cross_image_metrics(judges), fid(judges)]
    return [*motion_metrics(judges.shape), *cross_image_metrics(judges), fid(judges)]
