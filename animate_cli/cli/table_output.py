"""Tables on stdout; 160 columns where stdout is a file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 160  # columns, where stdout is no terminal


def show_table(table: Table, footnotes: Sequence[str] = ()) -> None:
    """Print a table, then each footnote on a line."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    screen = Console(file=sys.stdout, width=width, highlight=False)
    screen.print(table)
    for line in footnotes:
        screen.print(line, markup=False)
