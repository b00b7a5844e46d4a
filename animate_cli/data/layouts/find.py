"""Recognises public data sets by their files and folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from animate_cli.data.layouts import (
    celeba,
    face_forensics,
    grid,
    named_pictures,
    voxceleb,
    vw300,
)
from animate_cli.data.layouts.listing import Listing, listing_of
from animate_cli.data.manifest import DataEntry

Reader = Callable[[Listing], list[DataEntry]]
"""Lists the clips or pictures of a folder; empty if the folder has another layout."""

READERS: tuple[tuple[str, Reader], ...] = (
    ("CelebA", celeba.read),
    ("300VW", vw300.read),
    ("FaceForensics", face_forensics.read),
    ("VoxCeleb", voxceleb.read),
    ("GRID", grid.read),
    ("RaFD", named_pictures.read_rafd),
    ("EmotionNet", named_pictures.read_emotion_net),
)
NAMES = ", ".join(name for name, _ in READERS)


@dataclass(frozen=True, kw_only=True)
class PublicDataset:
    """A recognised data set. An entry has an empty split if the data set does not name one."""

    name: str
    entries: tuple[DataEntry, ...]


def find_layout(root: Path) -> PublicDataset | None:
    """The public data set in a folder; None if no reader in `READERS` recognises it.

    Raises:
        DataError: it is recognised, but one of its lists is missing or damaged.
    """
    listing = listing_of(root)
    for name, read in READERS:
        entries = read(listing)
        if entries:
            return PublicDataset(name=name, entries=tuple(entries))
    return None
