"""Options of `animate prepare` and their defaults. Importing this loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from animate_cli.errors import OptionError

AUTO = "auto"


class FileTreatment(StrEnum):
    """CUT: cut squares around the tracked face; AS_IS: write labels for files that are squares."""

    CUT = "cut"
    AS_IS = "as-is"


class Split(StrEnum):
    """For training or for evaluation: no person may be in both."""

    TRAIN = "train"
    VAL = "val"


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How raw files become clips and pictures.

    size: pixels of the squares that are written; least_px: smaller squares of the raw picture are
    dropped, as are those smaller than `size`: nothing is enlarged.
    least_iou: a clip ends where the face's box overlaps its first one less than this.
    least_frames, most_frames: of a clip.
    identity_from: the identity of files that no manifest.csv lists: "auto" (as a known public data
    set says, else "folder"), "folder" (the first one below the given folder; a file outside any is
    a person of its own), "file", or a regular expression that is searched for in the path from the
    given folder on; its first group counts, if it has one.
    split: of files for which neither a manifest.csv nor a recognised data set names one;
    terms, licence: of files that no manifest.csv names.
    jobs: processes that share the files; 0: one for every core. The result is the same.

    The other defaults are first-order-model's for VoxCeleb.
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
