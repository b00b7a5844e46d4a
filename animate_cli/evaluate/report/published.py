"""Scores that papers report of their models, on other data and under other protocols.

published_figures.toml holds them as printed. The HTML page shows them beside our own scores, with
the caution that the numbers are not comparable.
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
    """One table of one paper. rows: a name, then a text per column, between `BOLD` where the paper
    prints it bold; notes: contradictions, and facts that the paper does not state."""

    paper: str
    place: str
    caption: str
    data: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


@cache
def published() -> tuple[Published, ...]:
    """All tables, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))["table"]
    return tuple(typed(Published, table, where=FILE.name) for table in tables)
