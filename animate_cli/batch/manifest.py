"""Reads a manifest: a CSV or JSON file with a row per job; a row may set options of its job.

    source,driver,output,strength,start
    anna.jpg,speech.mp4,anna/speech.mp4,0.8,1:02.5

JSON: a list of such objects, or {"jobs": [...]}. Columns besides source, driver and output are
flags without their dashes. Relative input paths are relative to the manifest's folder.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animate_cli.errors import AnimateError, InputError
from animate_cli.options import Options

SUFFIXES = (".csv", ".json")
MOST_BYTES = 256 << 20
_OWN = ("source", "driver", "output")

Override = Callable[[Options, Mapping[str, object]], Options]
"""Applies the cells of a row to the options; raises AnimateError for a column that is no flag."""


@dataclass(frozen=True, kw_only=True)
class ManifestEntry:
    """One row. driver, output: None if the row has none; where: file and row, for messages."""

    source: Path
    driver: Path | None
    output: str | None
    options: Options
    where: str


def is_manifest(word: str) -> bool:
    """Whether an argument is a manifest, by its suffix."""
    return Path(word).suffix.lower() in SUFFIXES


def read_manifest(path: Path, options: Options, override: Override) -> tuple[ManifestEntry, ...]:
    """Read all rows in order. options: of every row; a row's own cells override them.

    Raises:
        InputError: the file or a row cannot be read; the message has the row's number.
    """
    rows = _csv(path) if path.suffix.lower() == ".csv" else _json(path)
    entries = tuple(
        _entry(row, path, f"{path}, row {number}", options, override)
        for number, row in enumerate(rows, start=1)
    )
    if not entries:
        raise InputError(f"{path} lists no jobs", hint="give it rows: source,driver,output")
    return entries


def _entry(
    row: Mapping[str, Any], path: Path, where: str, options: Options, override: Override
) -> ManifestEntry:
    cells = {str(key).strip(): value for key, value in row.items() if value not in ("", None)}
    own = {key: _text(cells, key, where) for key in _OWN}
    if own["source"] is None:
        raise InputError(f"{where}: no source", hint="every row needs a source")
    try:
        chosen = override(options, {key: cells[key] for key in cells if key not in _OWN})
    except AnimateError as error:
        raise InputError(f"{where}: {error.message}", hint=error.hint) from error
    return ManifestEntry(
        source=path.parent / own["source"],
        driver=None if own["driver"] is None else path.parent / own["driver"],
        output=own["output"],
        options=chosen,
        where=where,
    )


def _text(cells: Mapping[str, Any], key: str, where: str) -> str | None:
    value = cells.get(key)
    if value is None or (isinstance(value, str) and "\0" not in value):
        return value
    raise InputError(f"{where}: {key} is not a name", hint="write it as text")


def _csv(path: Path) -> list[dict[str, Any]]:
    try:
        reader = csv.DictReader(io.StringIO(_content(path), newline=""), strict=True)
        rows = list(reader)
        names = reader.fieldnames or []
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV table: {error}", hint=_hint()) from error
    if len(set(names)) != len(names) or "source" not in {str(name).strip() for name in names}:
        raise InputError(f"{path}: its first line must name the columns", hint=_hint())
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise InputError(f"{path}, row {number}: not as many cells as columns", hint=_hint())
    return rows


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(_content(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}", hint=_hint()) from error
    rows = content.get("jobs") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} is not a list of jobs", hint=_hint())
    return rows


def _content(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputError(f"{path} is not a file", hint="check the name of the manifest")
        if path.stat().st_size > MOST_BYTES:
            hint = f"at most {MOST_BYTES >> 20} MiB are read: split it"
            raise InputError(f"{path} is too large for a manifest", hint=hint)
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}", hint=_hint()) from error


def _hint() -> str:
    return 'CSV begins with source,driver,output; JSON is [{"source": ..., "driver": ...}]'
