"""What the papers report of their models: on other data, under other protocols.

Kept in published_figures.toml as they are printed, to be shown beside our own figures and never
to be compared with them number by number.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from animate_cli.typed import typed

CAUTION = "other data, other protocol"
FILE = Path(__file__).with_name("published_figures.toml")
BOLD = "**"


@dataclass(frozen=True, kw_only=True)
class Published:
    """One table of one paper. rows: a name, then a text per column, between `BOLD` where it is
    set so; notes: contradictions, and what is not stated."""

    paper: str
    place: str
    caption: str
    data: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@cache
def published() -> tuple[Published, ...]:
    """All tables, in the file's order."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))["table"]
    return tuple(typed(Published, table, where=FILE.name) for table in tables)
