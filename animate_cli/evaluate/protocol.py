"""What is shown to a model, and what of it is scored: everything the figures depend on but data
and weights. The record is written into the result.

    self    a clip's first frame is the source, the whole clip the driver (Siarohin et al. 2019);
            absolute motion, so that every output frame should be the driver's own
    cross   the first frame of one person's clip, the clip of another; relative motion
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

VERSION = 1  # of the protocol's fixed part; it changes when a figure would


class Reenactment(StrEnum):
    """Whose motion a source gets: its own clip's, or another person's."""

    SELF = "self"
    CROSS = "cross"


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a model is tried.

    stride: every n-th frame is scored, though all are drawn; cap: frames of a clip that are
    drawn, 0: all; limit: clips or pairs, evenly spread, 0: all; pairs: of cross-reenactment;
    seed: of their draw.
    """

    reenactment: Reenactment = Reenactment.SELF
    stride: int = 5
    cap: int = 0
    limit: int = 0
    pairs: int = 20
    seed: int = 0
    version: int = VERSION
    source: str = "first frame of its clip"
    scored: str = "frames with a face, but for the source itself; whole frames at the clip's size"
    landmarks: str = "judges look at the square about the driver's points (cross: the output's)"
    average: str = "over the frames of a clip, then over clips"

    def is_scored(self, index: int) -> bool:
        """Whether frame `index` of a driver counts."""
        is_source = index == 0 and self.reenactment is Reenactment.SELF
        return index % self.stride == 0 and not is_source
