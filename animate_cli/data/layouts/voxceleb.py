"""VoxCeleb 1 and 2, as published and as the preprocessing of Siarohin et al. 2019 writes it.

    [dev/mp4/]id00012/VIDEO/00001.mp4         a speaker, a video, utterances
    id10001/VIDEO/[00001/]0000001.jpg ...     the same as numbered frames
    train/id10001#VIDEO#000993#001143.mp4     clips, the speaker in front

A speaker's name is "id" and five digits. The splits dev and train both become "train".
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
    """The speaker named in the last `own` parts of the path or the part before; "" if none is."""
    for part in path.parts[-own - 1 :]:
        if match := _SPEAKER.match(part):
            return match[1]
    return ""


def split_of(path: Path) -> str:
    """The split named by a folder above the file; "" if none names one."""
    return next((_SPLITS[part] for part in path.parts[:-1] if part in _SPLITS), "")
