"""FaceForensics and FaceForensics++ (Rössler et al. 2018, 2019): the original sequences.

    original_sequences/youtube/c23/videos/000.mp4              FaceForensics++
    original_sequences/actors/raw/videos/01__talking.mp4       an actor, a scene
    original_sequences/youtube/c23/images/000/0000.png ...     as numbered frames
    train/original/NAME.avi                                    FaceForensics, with its split

Manipulated sequences show no real person and are left out. Each YouTube video counts as a person.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from animate_cli.data.layouts.listing import Listing
from animate_cli.data.layouts.voxceleb import split_of
from animate_cli.data.manifest import CLIP, DataEntry

_ORIGINAL = "original_sequences"
_SPLITS = ("train", "val", "test")
_SCENE = "__"


def read(listing: Listing) -> list[DataEntry]:
    """List the videos and frame folders of original sequences."""
    return [
        DataEntry(
            path=listing.root / clip,
            split=split_of(clip),
            kind=CLIP,
            identity=clip.stem.partition(_SCENE)[0],
        )
        for clip in listing.clips
        if _is_original(listing.root / clip)
    ]


def _is_original(path: Path) -> bool:
    above = path.parts[:-1]
    pairs = pairwise(above)
    return _ORIGINAL in above or any(a in _SPLITS and b == "original" for a, b in pairs)
