"""Tables on stdout, wide enough for a file where stdout is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 160  # columns, where stdout is no terminal


def show_table(table: Table, footnotes: Sequence[str] = ()) -> None:
    """The table, then a line each."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    screen = Console(file=sys.stdout, width=width, highlight=False)
    screen.print(table)
    for line in footnotes:
        screen.print(line, markup=False)
