"""What a preparation chooses. No torch here: the command line takes its defaults from this file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from animate_cli.errors import OptionError

AUTO = "auto"


class FileTreatment(StrEnum):
    """CUT: a square about the face, followed until it leaves; AS_IS: labels beside the file."""

    CUT = "cut"
    AS_IS = "as-is"


class Split(StrEnum):
    """Train on it, or report on it: nobody may be in both."""

    TRAIN = "train"
    VAL = "val"


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """How raw files become clips and pictures.

    size: pixels of the squares that are written; least_px: smaller squares of the raw picture are
    dropped, as are those smaller than `size`: nothing is enlarged.
    least_iou: a clip ends where the face's box overlaps its first one less than this.
    least_frames, most_frames: of a clip.
    identity_from: whom files show that no manifest.csv names: "auto" (as a public data set that is
    recognised says, else by folder), "folder" (the first one below the
    folder that was given; a file without one is a person of its own), "file", or a regular
    expression searched for in the path from the folder that was given downwards; its first group
    counts, where it has one.
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
        """Refuse what nothing can come of.

        Raises:
            OptionError: frames of an odd size, which H.264 has not; no clip is long enough; fewer
                than no processes.
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
