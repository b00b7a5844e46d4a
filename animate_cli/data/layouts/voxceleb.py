"""VoxCeleb 1 and 2, as published and as Siarohin's preprocessing leaves it.

    [dev/mp4/]id00012/VIDEO/00001.mp4         a speaker, a video, utterances
    id10001/VIDEO/[00001/]0000001.jpg ...     the same as numbered frames
    train/id10001#VIDEO#000993#001143.mp4     clips, the speaker in front

A speaker is id and five digits. dev and train are "train"; val and test keep their names.
"""

from __future__ import annotations

import re
from pathlib import Path

from animate_cli.data.layouts.listing import Listing
from animate_cli.data.manifest import CLIP, DataEntry

_SPEAKER = re.compile(r"(id\d{5})(#|$)")
_SPLITS = {"dev": "train", "train": "train", "val": "val", "test": "test"}


def read(listing: Listing) -> list[DataEntry]:
    """List the videos and frame folders of speakers."""
    return [
        DataEntry(path=listing.root / clip, split=split_of(clip), kind=CLIP, identity=speaker)
        for clip in listing.clips
        if (speaker := _speaker_of(listing.root / clip, len(clip.parts)))
    ]


def _speaker_of(path: Path, own: int) -> str:
    """The speaker in the path below the given folder, or in that folder's name."""
    for part in path.parts[-own - 1 :]:
        if match := _SPEAKER.match(part):
            return match[1]
    return ""


def split_of(path: Path) -> str:
    """The split that a folder above the file names; else ""."""
    return next((_SPLITS[part] for part in path.parts[:-1] if part in _SPLITS), "")
