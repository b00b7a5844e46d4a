"""Reads manifest.csv, which lists the clips and pictures of a data folder, one per line.

Its columns are file (relative to the folder), split, kind, identity and, optionally, terms; other
columns are not read.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from animate_cli.errors import OptionError

NAME = "manifest.csv"
CLIP, IMAGE = "clip", "image"
ALL_SPLITS = "all"


@dataclass(frozen=True, kw_only=True)
class DataEntry:
    """One clip or picture of a data folder.

    split: "train", "val" and the like, "" where the data set names none; kind: CLIP or IMAGE;
    identity: the person shown; terms: the terms of use.
    """

    path: Path
    split: str
    kind: str
    identity: str
    terms: str = ""

    def is_in(self, split: str) -> bool:
        """Whether the entry belongs to a split; ALL_SPLITS has all entries.

        An entry without a split belongs to every one.
        """
        return split == ALL_SPLITS or self.split in ("", split)


def has_manifest(root: Path) -> bool:
    """Whether the folder has a manifest.csv."""
    return (root / NAME).is_file()


def read_manifest(root: Path) -> list[DataEntry]:
    """Read all lines of a folder's manifest, in order.

    Raises:
        OptionError: it cannot be read, or a column is missing.
    """
    path = root / NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_entry(root, line) for line in csv.DictReader(file)]
    except KeyError as error:
        hint = "its columns are file, split, kind, identity, terms"
        raise OptionError(f"{path}: no column {error}", hint=hint) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        hint = "give a data folder with a readable manifest.csv"
        raise OptionError(f"{path}: cannot be read ({error})", hint=hint) from error


def _entry(root: Path, line: dict[str, str]) -> DataEntry:
    return DataEntry(
        path=root / line["file"],
        split=line["split"],
        kind=line["kind"],
        identity=line["identity"],
        terms=line.get("terms") or "",
    )
