"""Options of `animate prepare` and their defaults. Importing this loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from animate_cli.errors import OptionError

AUTO = "auto"


class FileTreatment(StrEnum):
    """CUT: cut squares around the tracked face; AS_IS: only label files that are face squares."""

    CUT = "cut"
    AS_IS = "as-is"


class Split(StrEnum):
    """TRAIN: for training; VAL: for evaluation. No person may be in both."""

    TRAIN = "train"
    VAL = "val"


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How raw files become clips and pictures.

    size: side of the written squares in pixels; least_px: raw squares with a smaller side are
    dropped; those smaller than `size` are dropped too, because nothing is enlarged.
    least_iou: a clip ends where the face's box overlaps its first one less than this.
    least_frames, most_frames: of a clip.
    identity_from: the identity of files that no manifest.csv lists. "auto": that of a known public
    data set, else "folder"; "folder": the first folder below the given one, or the file's name if
    there is none; "file": the file's name; else a regular expression, searched for in the path from
    the given folder on: its first group, or the whole match.
    split: of files for which neither a manifest.csv nor a recognised data set names one;
    terms, licence: of files that no manifest.csv names.
    jobs: worker processes; 0: one per core. The result does not depend on it.

    least_iou, least_frames and most_frames are those of first-order-model for VoxCeleb.
    """

    treatment: FileTreatment = FileTreatment.CUT
    size: int = 256
    least_px: int = 256
    least_iou: float = 0.25
    least_frames: int = 64
    most_frames: int = 1024
    identity_from: str = AUTO
    split: Split = Split.TRAIN
    terms: str = ""
    licence: str = ""
    jobs: int = 1

    def check(self) -> None:
        """Check that the options make sense together.

        Raises:
            OptionError: the size is odd, which H.264 does not allow; least_frames is above
                most_frames; jobs is below 0.
        """
        if self.jobs < 0:
            raise OptionError(f"--jobs {self.jobs}: below 0", hint="0 means one for every core")
        if self.size % 2 or self.size < 2:
            raise OptionError(f"--size {self.size} is odd", hint="H.264 needs an even number")
        if self.least_frames > self.most_frames:
            raise OptionError(
                f"no clip has at least {self.least_frames} and at most {self.most_frames} frames",
                hint="see --least-frames and --most-frames",
            )
