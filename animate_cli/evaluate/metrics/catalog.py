"""Which metrics a protocol has, in the order of the table."""

from __future__ import annotations

from animate_cli.evaluate.metrics.clip_metrics import expressed, followed
from animate_cli.evaluate.metrics.image_metrics import compared, fid, own_seam, uncompared
from animate_cli.evaluate.metrics.landmark_metrics import placed
from animate_cli.evaluate.metrics.metric import Metric
from animate_cli.evaluate.metrics.networks.evaluators import Judges
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.options import Only


def metrics_of(protocol: Protocol, judges: Judges) -> list[Metric]:
    """Those of the protocol, absent judges' included: the table says what they need."""
    if protocol.reenactment is Reenactment.SELF:
        near = placed(protocol.driven_by)
        return [*compared(judges), *near, *followed(judges.shape), own_seam(), fid(judges)]
    if protocol.only is Only.EXPRESSION:
        return [*expressed(judges.shape), *uncompared(judges), fid(judges)]
    return [*followed(judges.shape), *uncompared(judges), fid(judges)]
