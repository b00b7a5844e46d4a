"""Evaluation protocols: everything that scores depend on, except data and weights.

The `Protocol` record is written into the result. There are two kinds of reenactment:

    self    a frame of a clip is the source, the same clip the driver (Siarohin et al. 2019);
            absolute motion, so that every output frame should equal the driver's
    cross   a frame of one person's clip is the source, another person's clip the driver; relative
            motion

Schemes are the protocols of the papers, by name:

    self           the first frame is the source (Siarohin, Zhao on VoxCeleb1)
    self-random    a random frame is the source (Zhao on FaceForensics)
    cross          a random sample of pairs of people
    cross-all      every pair of clips of different people
    cross-frontal  both clips start at frontal frames with the same head pose, the source at its
                   first one (Zhao, section 4.2.2)
    landmark-driven    self, but the labels beside a clip drive it, unfiltered, and give the
                       source's points, too; outputs are compared with the labels (Songsri-in &
                       Zafeiriou 2019, section 4.2, on 300VW's annotations)
    expression-driven  cross, but the driver gives its expression alone: the source keeps its head
                       pose and shape (Yi et al. 2020, section 4.3, example-based: the driver's
                       action units; Songsri-in, section 4.4: for any two poses)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from animate_cli.options import Only, Registration, ResWarp

VERSION = 6  # of the protocol's fixed part; raised whenever the same weights score differently


class Reenactment(StrEnum):
    """Whether a source is driven by its own clip or by another person's."""

    SELF = "self"
    CROSS = "cross"


class Scheme(StrEnum):
    """The protocols by name."""

    SELF = "self"
    SELF_RANDOM = "self-random"
    CROSS = "cross"
    CROSS_ALL = "cross-all"
    CROSS_FRONTAL = "cross-frontal"
    LANDMARK_DRIVEN = "landmark-driven"
    EXPRESSION_DRIVEN = "expression-driven"


class Start(StrEnum):
    """Which frame of its clip is the source. FRONTAL: the first frontal frame; the driver starts at
    a frontal frame, too."""

    FIRST = "first"
    RANDOM = "random"
    FRONTAL = "frontal"


class DrivenBy(StrEnum):
    """Whether the driver's points come from our detector or from the labels beside the clip."""

    DETECTOR = "detector"
    LABELS = "labels"


class ClipPairing(StrEnum):
    """Which pairs of clips of different people: a random sample, all, or those with the same head
    pose."""

    SAMPLED = "drawn"
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
    """How models are evaluated. The texts of the last four fields are part of result files.

    stride: every n-th frame is scored, though all are rendered; cap: how many frames of a clip are
    rendered, 0: all; limit: how many clips or pairs are used, evenly spread, 0: all; pairs: the
    most pairs that are sampled for cross-reenactment; seed: of that sample, and of random source
    frames; frontal_deg: upper bound of |yaw|, |pitch| and |roll| of a frontal frame; alike_deg:
    upper bound of their differences between heads with the same pose; driven_by: where the driver's
    points come from; registration: whether these are registered between frames; only: the part of
    the driver's motion that is used; reswarp: how models bring detail to full resolution.
    """

    reenactment: Reenactment = Reenactment.SELF
    stride: int = 5
    cap: int = 0
    limit: int = 0
    pairs: int = 20
    seed: int = 0
    start: Start = Start.FIRST
    pairing: ClipPairing = ClipPairing.SAMPLED
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
        """Whether frame `index` of a driver is scored. source_frame: the source's frame number,
        which is not scored in self-reenactment."""
        is_source = index == source_frame and self.reenactment is Reenactment.SELF
        return index % self.stride == 0 and not is_source


def apply_scheme(scheme: Scheme, protocol: Protocol) -> Protocol:
    """The protocol with the fields that a scheme sets; stride, cap and the like are kept."""
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
