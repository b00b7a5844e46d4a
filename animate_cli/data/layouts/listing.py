"""Lists all files below a folder once, for the modules that recognise data sets."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from animate_cli.media.container.kind import PICTURE_SUFFIXES, VIDEO_SUFFIXES

FEWEST = 2  # numbered pictures that count as a series
_ENDS_IN_DIGITS = re.compile(r"\d$")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files below root, relative to it, sorted, without hidden ones."""

    root: Path
    files: tuple[Path, ...]

    @cached_property
    def videos(self) -> tuple[Path, ...]:
        """Files with a video's suffix."""
        return tuple(f for f in self.files if f.suffix.lower() in VIDEO_SUFFIXES)

    @cached_property
    def pictures(self) -> tuple[Path, ...]:
        """Files with a picture's suffix."""
        return tuple(f for f in self.files if f.suffix.lower() in PICTURE_SUFFIXES)

    @cached_property
    def series(self) -> tuple[Path, ...]:
        """Folders of numbered pictures, root itself (".") included."""
        numbered = (f.parent for f in self.pictures if _ENDS_IN_DIGITS.search(f.stem))
        return tuple(sorted(at for at, count in Counter(numbered).items() if count >= FEWEST))

    @property
    def clips(self) -> tuple[Path, ...]:
        """Videos, and folders of numbered pictures."""
        return (*self.videos, *self.series)


def listing_of(root: Path) -> Listing:
    """List the files of a folder; if `root` is not a folder, the list is empty."""
    if not root.is_dir():
        return Listing(root=root, files=())
    below = sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
    shown = (path for path in below if not any(part.startswith(".") for part in path.parts))
    return Listing(root=root, files=tuple(shown))
