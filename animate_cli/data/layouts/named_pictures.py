"""RaFD and EmotionNet: pictures whose file names state the identity.

    RaFD         Rafd090_01_Caucasian_female_angry_frontal.jpg: angle (000 to 180, 090 is frontal),
                 subject, kind, sex, expression, gaze (Langner et al. 2010)
    EmotionNet   N_0000000356_00173.jpg: identities are not published: each picture counts as one
                 (Benitez-Quiroz et al. 2016); its lists of action units are not read

Profiles of RaFD (000 and 180) are left out, as in Songsri-in & Zafeiriou 2019, section 4.4.1: half
of the 68 points are not visible.
"""

from __future__ import annotations

import re

from animate_cli.data.layouts.listing import Listing
from animate_cli.data.manifest import IMAGE, DataEntry

_RAFD = re.compile(
    r"Rafd(?P<angle>\d{3})_(?P<subject>\d{2})_[A-Za-z]+_(fe)?male_"
    r"(?P<expression>[a-z]+)_(frontal|left|right)$"
)
_EMOTION_NET = re.compile(r"N_\d{10}_\d{5}$")
_PROFILES = ("000", "180")


def read_rafd(listing: Listing) -> list[DataEntry]:
    """List RaFD's pictures, except profiles."""
    return [
        DataEntry(
            path=listing.root / picture, split="", kind=IMAGE, identity=f"rafd/{match['subject']}"
        )
        for picture in listing.pictures
        if (match := _RAFD.match(picture.stem)) and match["angle"] not in _PROFILES
    ]


def read_emotion_net(listing: Listing) -> list[DataEntry]:
    """List EmotionNet's pictures."""
    return [
        DataEntry(path=listing.root / picture, split="", kind=IMAGE, identity=picture.stem)
        for picture in listing.pictures
        if _EMOTION_NET.match(picture.stem)
    ]
