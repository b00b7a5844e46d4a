"""Commands and flags of the shell, one line each: names, kind, default."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from typer.main import get_command

from animate_cli.cli.app import app

FLAGS = "commands.txt"


def lines() -> list[str]:
    return sorted(_lines("animate", get_command(app)))


def _lines(name: str, command: Any) -> Iterator[str]:
    yield name
    for parameter in command.params:
        names = "/".join((*parameter.opts, *parameter.secondary_opts))
        if "completion" in names:  # which there are depends on the shell
            continue
        facts = {
            "required": parameter.required,
            "switch": getattr(parameter, "is_flag", False),
            "many": getattr(parameter, "multiple", False) or parameter.nargs != 1,
        }
        marks = [word for word, holds in facts.items() if holds]
        default = parameter.default
        if isinstance(default, Enum):
            marks.append("|".join(str(one.value) for one in type(default)))
        limits = [
            f"{end} {getattr(parameter, end)}" for end in ("min", "max") if _has(parameter, end)
        ]
        yield f"{name} {names}: {', '.join((*marks, *limits, f'default {default!s}'))}"
    for word, below in getattr(command, "commands", {}).items():
        yield from _lines(f"{name} {word}", below)


def _has(parameter: Any, end: str) -> bool:
    return getattr(parameter, end, None) is not None
