"""Applies the cells of a manifest's row to `Options`; a column is named like a flag, without --."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args, get_type_hints

from animate_cli.cli.flags import FLAGS, Flag, default_of
from animate_cli.errors import OptionError
from animate_cli.options import Options

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
_NOT_IN_ROWS = (
    "overwrite",
    "max_pixels",
    "max_duration",
)  # a row cannot change these: they protect the user


def override(options: Options, cells: Mapping[str, object]) -> Options:
    """The options of one row: `options`, changed by the row's cells.

    Raises:
        OptionError: a column is not a flag, or a cell is not a value of its flag.
    """
    for column, cell in cells.items():
        flag = _flag(column)
        section = replace(getattr(options, flag.section), **{flag.field: _value(flag, cell)})
        options = replace(options, **{flag.section: section})
    return options


def _flag(column: str) -> Flag:
    known = {
        flag.key: flag
        for flag in FLAGS
        if flag.section != "compute" and flag.key not in _NOT_IN_ROWS
    }
    key = column.removeprefix("--").replace("-", "_")
    if key in known:
        return known[key]
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"columns are {', '.join(known)}"
    raise OptionError(f"{column!r} is not an option that a row can set", hint=hint)


def _value(flag: Flag, cell: object) -> object:
    text = str(cell).strip()
    kinds = _kinds(flag)
    try:
        if flag.turns_on is not None:
            return flag.turns_on if _switch(text) else default_of(flag)
        if kinds == (bool,):
            return _switch(text)
        value = flag.parse(text) if flag.parse else _first_fit(text, kinds)
    except (ValueError, ZeroDivisionError) as error:
        raise OptionError(f"{flag.option} {text}: {error}", hint=flag.help) from error
    _check_range(flag, value)
    return value


def _kinds(flag: Flag) -> tuple[type, ...]:
    hint = get_type_hints(type(getattr(Options(), flag.section)))[flag.field]
    return tuple(kind for kind in get_args(hint) or (hint,) if kind is not types.NoneType)


def _first_fit(text: str, kinds: tuple[type, ...]) -> object:
    for kind in kinds[:-1]:
        try:
            return kind(text)
        except ValueError:
            continue
    return kinds[-1](text)


def _switch(text: str) -> bool:
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    raise ValueError("it must be true or false")


def _check_range(flag: Flag, value: object) -> None:
    if not isinstance(value, int | float):
        return
    least, most = flag.least, flag.most
    if not (least is None or value >= least) or not (most is None or value <= most):
        raise OptionError(f"{flag.option} {value}: out of range", hint=flag.help)
