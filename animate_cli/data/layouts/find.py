"""Which public data set a folder is, by its looks."""

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
"""Of a folder that is its layout, all clips or pictures; of any other, none."""

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
    """A data set that was recognised. Entries whose split nobody says have an empty one."""

    name: str
    entries: tuple[DataEntry, ...]


def find_layout(root: Path) -> PublicDataset | None:
    """None where the folder looks like none of them.

    Raises:
        DataError: it looks like one, but a list that belongs to it is missing or damaged.
    """
    listing = listing_of(root)
    for name, read in READERS:
        entries = read(listing)
        if entries:
            return PublicDataset(name=name, entries=tuple(entries))
    return None
