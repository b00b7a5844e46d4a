"""300VW (Shen et al. 2015): PERSON/vid.avi, its 68 points in PERSON/annot/000001.pts and on.

The points themselves are read by `data.label_files`. Its three test categories are lists of people
in a text file, which is not read: clips have no split.
"""

from __future__ import annotations

from animate_cli.data.label_files import ANNOTATIONS
from animate_cli.data.layouts.listing import Listing
from animate_cli.data.manifest import CLIP, DataEntry

VIDEO = "vid.avi"


def read(listing: Listing) -> list[DataEntry]:
    """List the annotated videos; each shows another person."""
    annotated = {file.parent.parent for file in listing.files if file.parent.name == ANNOTATIONS}
    videos = [v for v in listing.videos if v.name == VIDEO and v.parent in annotated]
    return [
        DataEntry(
            path=listing.root / video,
            split="",
            kind=CLIP,
            identity=(listing.root / video).parent.name,
        )
        for video in videos
    ]
