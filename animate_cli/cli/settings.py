"""Reads animate.toml, the user's own defaults by flag name. A flag overrides it.

    size = "1080p"
    lost = "hold"
    side-by-side = true

The file in the working directory overrides the one in the user's config folder.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from animate_cli import hub
from animate_cli.errors import OptionError

FILE = "animate.toml"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A default from a file: the text of a flag, or True or False for a switch."""

    value: str | bool
    origin: Path


def find_settings(known: Iterable[str]) -> dict[str, Setting]:
    """The settings of both files together, by flag key (side_by_side).

    known: the keys of all flags.

    Raises:
        OptionError: a file cannot be read, or has a key that is not a flag.
    """
    keys = set(known)
    places = (hub.config_dir() / FILE, Path(FILE))
    settings: dict[str, Setting] = {}
    for place in places:
        if place.is_file():
            settings |= read_settings(place, keys)
    return settings


def read_settings(path: Path, known: set[str]) -> dict[str, Setting]:
    """The settings of one file.

    Raises:
        OptionError: the file is not TOML, or has an unknown key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        hint = "correct the file or remove it"
        raise OptionError(f"{path}: cannot be read as TOML ({error})", hint=hint) from error
    return {_key(name, path, known): _setting(name, table, path) for name in table}


def _key(name: str, path: Path, known: set[str]) -> str:
    key = name.replace("-", "_")
    if key in known:
        return key
    close = difflib.get_close_matches(key, known, n=1)
    meant = f"did you mean {close[0].replace('_', '-')!r}? " if close else ""
    hint = f"{meant}keys are the flags of `animate run --help` without --"
    raise OptionError(f"{path}: unknown key {name!r}", hint=hint)


def _setting(name: str, table: Mapping[str, object], path: Path) -> Setting:
    value = table[name]
    if isinstance(value, bool):
        return Setting(value=value, origin=path)
    if isinstance(value, str | int | float):
        return Setting(value=str(value), origin=path)
    hint = "give a string, a number, true or false"
    raise OptionError(f"{path}: {name} is a {type(value).__name__}", hint=hint)
