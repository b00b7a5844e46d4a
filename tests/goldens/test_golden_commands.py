"""Commands, their flags and defaults are those that were recorded."""

from __future__ import annotations

import golden_commands
from golden_store import read_lines


def test_commands_and_flags() -> None:
    assert golden_commands.lines() == read_lines(golden_commands.FLAGS)
