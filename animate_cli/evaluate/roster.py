"""Which metrics a protocol has, in the order of the table."""

from __future__ import annotations

from animate_cli.evaluate.judges import Judges
from animate_cli.evaluate.metric import Metric
from animate_cli.evaluate.picture_metrics import compared, own_seam, uncompared
from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.reading_metrics import followed, placed


def metrics_of(reenactment: Reenactment, judges: Judges) -> list[Metric]:
    """Those of the protocol, absent judges' included: the table says what they need."""
    if reenactment is Reenactment.SELF:
        return [*compared(judges), *placed(), *followed(judges.shape), own_seam()]
    return [*followed(judges.shape), *uncompared(judges)]
