"""What is shown to a model, and what of it is scored: everything the figures depend on but data
and weights. The record is written into the result.

    self    a clip's first frame is the source, the whole clip the driver (Siarohin et al. 2019);
            absolute motion, so that every output frame should be the driver's own
    cross   the first frame of one person's clip, the clip of another; relative motion

Schemes are what the papers do: a source frame, and which clips come together.

    self           the first frame, all frames (Siarohin, Zhao on VoxCeleb1)
    self-random    a random frame, all frames (Zhao on FaceForensics)
    cross          pairs of people as the seed draws them
    cross-all      every pair of clips of different people
    cross-frontal  both clips start at frontal frames in which the heads stand alike, the source
                   at its first one (Zhao, section 4.2.2)
    landmark-driven    self, but the labels beside a clip drive it, unfiltered, and are its source's
                       points, too; outputs are held against the labels (Songsri-in & Zafeiriou
                       2019, section 4.2, on 300VW's annotations)
    expression-driven  cross, but the driver gives its expression alone: the source keeps its pose
                       and the shape of its head (Yi et al. 2020, section 4.3, example-based: the
                       driver's action units; Songsri-in, section 4.4: whatever either pose is)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from animate_cli.options import Only, Registration, ResWarp

VERSION = 6  # of the protocol's fixed part; it changes when a figure would


class Reenactment(StrEnum):
    """Whose motion a source gets: its own clip's, or another person's."""

    SELF = "self"
    CROSS = "cross"


class Scheme(StrEnum):
    """Protocols by name."""

    SELF = "self"
    SELF_RANDOM = "self-random"
    CROSS = "cross"
    CROSS_ALL = "cross-all"
    CROSS_FRONTAL = "cross-frontal"
    LANDMARK_DRIVEN = "landmark-driven"
    EXPRESSION_DRIVEN = "expression-driven"


class Start(StrEnum):
    """Which frame of its clip is the source: of frontal ones the first; drivers start at one."""

    FIRST = "first"
    RANDOM = "random"
    FRONTAL = "frontal"


class DrivenBy(StrEnum):
    """Where the driver's points come from: our detector, or the labels beside the clip."""

    DETECTOR = "detector"
    LABELS = "labels"


class ClipPairing(StrEnum):
    """Which pairs of clips of different people: drawn by the seed, all, those that stand alike."""

    DRAWN = "drawn"
    ALL = "all"
    ALIKE = "alike"


FIRST = "first frame of its clip"
RANDOM = "a frame of its clip with a face, drawn by the seed"
FRONTAL = (
    "first frontal frame of its clip by our own shape model; drivers start at their first that is"
    " alike"
)


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How a model is tried.

    stride: every n-th frame is scored, though all are drawn; cap: frames of a clip that are
    drawn, 0: all; limit: clips or pairs, evenly spread, 0: all; pairs: of cross-reenactment, the
    most that are drawn; seed: of their draw, and of random frames; frontal_deg: |yaw|, |pitch| and
    |roll| of a frontal frame are below; alike_deg: each differs by less where heads stand alike;
    driven_by: who says where the driver's points are; registration: whether these are registered
    between frames; only: the part of its motion that is taken; reswarp: how models bring detail to
    full resolution.
    """

    reenactment: Reenactment = Reenactment.SELF
    stride: int = 5
    cap: int = 0
    limit: int = 0
    pairs: int = 20
    seed: int = 0
    start: Start = Start.FIRST
    pairing: ClipPairing = ClipPairing.DRAWN
    frontal_deg: float = 5.0
    alike_deg: float = 1.0
    driven_by: DrivenBy = DrivenBy.DETECTOR
    only: Only = Only.ALL
    registration: Registration = Registration.ON
    reswarp: ResWarp = ResWarp.VANILLA
    version: int = VERSION
    source: str = FIRST
    scored: str = "frames with a face, but for the source itself; whole frames at the clip's size"
    landmarks: str = "judges look at the square about the driver's points (cross: the output's)"
    average: str = "over the frames of a clip, then over clips"

    def is_scored(self, index: int, source_frame: int = 0) -> bool:
        """Whether frame `index` of a driver counts. source_frame: of its own clip."""
        is_source = index == source_frame and self.reenactment is Reenactment.SELF
        return index % self.stride == 0 and not is_source


def of_scheme(scheme: Scheme, protocol: Protocol) -> Protocol:
    """The protocol with what a scheme decides, its strides and caps kept."""
    own = replace(protocol, reenactment=Reenactment.SELF, start=Start.FIRST, source=FIRST)
    other = replace(own, reenactment=Reenactment.CROSS)
    return {
        Scheme.SELF: own,
        Scheme.SELF_RANDOM: replace(own, start=Start.RANDOM, source=RANDOM),
        Scheme.CROSS: other,
        Scheme.CROSS_ALL: replace(other, pairing=ClipPairing.ALL),
        Scheme.CROSS_FRONTAL: replace(
            other, start=Start.FRONTAL, pairing=ClipPairing.ALIKE, source=FRONTAL
        ),
        Scheme.LANDMARK_DRIVEN: replace(own, driven_by=DrivenBy.LABELS),
        Scheme.EXPRESSION_DRIVEN: replace(other, only=Only.EXPRESSION),
    }[scheme]
