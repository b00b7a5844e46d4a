"""CelebA (Liu et al. 2015): numbered pictures, and lists of identities, landmarks and splits.

[Img/]img_align_celeba/000001.jpg        178 x 218, aligned
[Anno/]list_landmarks_align_celeba.txt   five points each; the file identifies the data
                                         set, and is not read
[Anno/]identity_CelebA.txt               "000001.jpg 2880"
[Eval/]list_eval_partition.txt           "000001.jpg 0": 0 train, 1 val, 2 test; may be missing
"""

from __future__ import annotations

from pathlib import Path

from animate_cli.data.layouts.listing import Listing
from animate_cli.data.manifest import IMAGE, DataEntry
from animate_cli.errors import DataError

POINTS = "list_landmarks_align_celeba.txt"
IDENTITIES = "identity_CelebA.txt"
PARTITION = "list_eval_partition.txt"
PICTURES = "img_align_celeba"
_SPLITS = {"0": "train", "1": "val", "2": "test"}


def read(listing: Listing) -> list[DataEntry]:
    """List the aligned pictures that have an identity.

    Raises:
        DataError: the list of identities is missing, or a list is damaged.
    """
    lists = {file.name: listing.root / file for file in listing.files if file.suffix == ".txt"}
    if POINTS not in lists:
        return []
    if IDENTITIES not in lists:
        hint = f"fetch {IDENTITIES}, too: no person may be in two splits"
        raise DataError(f"{listing.root} looks like CelebA, but has no {IDENTITIES}", hint=hint)
    people = _pairs(lists[IDENTITIES])
    parts = _pairs(lists[PARTITION]) if PARTITION in lists else {}
    return [
        DataEntry(
            path=listing.root / picture,
            split=_SPLITS.get(parts.get(picture.name, ""), ""),
            kind=IMAGE,
            identity=people[picture.name],
        )
        for picture in listing.pictures
        if PICTURES in (listing.root / picture).parts and picture.name in people
    ]


def _pairs(path: Path) -> dict[str, str]:
    """Read a list with two words per line."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, words in enumerate(lines, start=1):
        if len(words) != 2:
            hint = "it has a picture and a number in each line: fetch it again"
            raise DataError(f"{path}, line {number}: {len(words)} words, not 2", hint=hint)
    return dict(lines)
