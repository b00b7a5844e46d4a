"""Writes manifest.csv: split, identity, origin, size and licence of each file.

Training and evaluation read some columns (`data.manifest`). The others are for people, and carry
the origin of files over when a data set is prepared from another one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from animate_cli.errors import InputError
from animate_cli.media.target import replacing


@dataclass(frozen=True, kw_only=True)
class ClipOrigin:
    """The person a file shows, where the file comes from, and its terms of use.

    detail: how the file was cut, for people to read.
    """

    identity: str
    split: str
    terms: str = ""
    licence: str = ""
    repo: str = ""
    commit: str = ""
    path_in_repo: str = ""
    restriction_note: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ManifestLine:
    """One file of the data set.

    file: relative to the data set's folder; kind: clip or image; fps, frames, found (frames in
    which the face was found): of clips, else empty; sha256: of the file; source: the name of the
    raw file; source_sha256: of its bytes.
    """

    file: str
    kind: str
    origin: ClipOrigin
    width: int
    height: int
    sha256: str
    source: str
    source_sha256: str
    fps: str = ""
    frames: int | None = None
    found: int | None = None


COLUMNS = (
    *("file", "split", "kind", "identity", "repo", "commit", "path in repo", "licence"),
    *("width", "height", "fps", "frames", "found", "sha256", "source", "source sha256"),
    *("restriction note", "detail", "terms"),
)


def write_manifest(path: Path, lines: Iterable[ManifestLine]) -> None:
    """Write the table, sorted by file; an old table is replaced as a whole.

    Raises:
        OutputError: it cannot be written.
    """
    with (
        replacing(path, overwrite=True) as part,
        part.open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(_cells(line) for line in sorted(lines, key=lambda line: line.file))


def read_origins(path: Path) -> dict[str, ClipOrigin]:
    """The origin of each file in a manifest.csv; missing columns are empty.

    Raises:
        InputError: it is not a table, or has no column file, identity or split.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {cells["file"]: _origin(cells) for cells in csv.DictReader(file)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} is not the table of a data set: {error}",
            hint="it needs the columns file, split and identity; or move it elsewhere",
        ) from error


def _origin(cells: Mapping[str, str]) -> ClipOrigin:
    known = {field.name: cells.get(_column(field.name)) or "" for field in fields(ClipOrigin)}
    if not (known["identity"] and known["split"]):
        raise KeyError(f"no split or identity of {cells['file']}")
    return ClipOrigin(**known)


def _cells(line: ManifestLine) -> dict[str, object]:
    cells = asdict(line)
    cells |= cells.pop("origin")
    return {_column(name): "" if value is None else value for name, value in cells.items()}


def _column(field: str) -> str:
    return field.replace("_", " ")
