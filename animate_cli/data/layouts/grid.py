"""GRID (Cooke et al. 2006): speakers s1 to s34, sentences of six words as .mpg.

    s1/[video/]bbaf2n.mpg     "bin blue at f two now": a letter for each word
    align/bbaf2n.align        times of the words: not read

Folders of frames have the same names.
"""

from __future__ import annotations

import re
from pathlib import Path

from animate_cli.data.layouts.listing import Listing
from animate_cli.data.manifest import CLIP, DataEntry

_SPEAKER = re.compile(r"s\d{1,2}$")
_SENTENCE = re.compile(r"[blps][bgrw][abiw][a-z][0-9z][anps]$")


def read(listing: Listing) -> list[DataEntry]:
    """List the sentences below a speaker's folder."""
    return [
        DataEntry(path=listing.root / clip, split="", kind=CLIP, identity=speaker)
        for clip in listing.clips
        if _SENTENCE.match(clip.stem) and (speaker := _speaker_of(listing.root / clip))
    ]


def _speaker_of(path: Path) -> str:
    return next((part for part in reversed(path.parts[:-1]) if _SPEAKER.match(part)), "")
