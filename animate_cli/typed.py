"""Converts mappings read from files to frozen records; unknown and mistyped keys are errors."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

from animate_cli.errors import OptionError

Record = TypeVar("Record")


def typed(record: type[Record], values: Mapping[str, Any], *, where: str) -> Record:
    """Build `record` from `values`; nested tables become nested records.

    Args:
        where: the origin of the values, for the message ("recipe a.toml, table [data]").

    Raises:
        OptionError: a key is unknown, missing, or its value has the wrong type.
    """
    hints = typing.get_type_hints(record)
    fields = {field.name: field for field in dataclasses.fields(record)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(fields)}"
            raise OptionError(f"{where}: unknown key '{key}'", hint=meant)
    chosen = {
        key: _convert(hints[key], value, where=f"{where}, key '{key}'")
        for key, value in values.items()
    }
    try:
        return record(**chosen)
    except TypeError as error:
        raise OptionError(f"{where}: {error}", hint="give every key that has no default") from None


def plain(record: Any) -> Any:
    """A record -> mappings, lists, strings and numbers, as JSON and TOML can hold them."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: plain(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Enum):
        return record.value
    if isinstance(record, tuple | list):
        return [plain(item) for item in record]
    return record


def _convert(hint: Any, value: Any, *, where: str) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return typed(hint, value, where=where)  # type: ignore[arg-type]
    if origin in (types.UnionType, typing.Union):
        return _convert_union(hint, value, where=where)
    if origin is tuple and isinstance(value, list | tuple):
        item = typing.get_args(hint)[0]
        return tuple(_convert(item, entry, where=where) for entry in value)
    if origin is dict and isinstance(value, Mapping):  # a table that is converted later
        return dict(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _convert_enum(hint, value, where=where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and (type(value) is hint):
        return value
    raise OptionError(f"{where}: {value!r} is not a {_name(hint)}", hint="correct the value")


def _convert_union(hint: Any, value: Any, *, where: str) -> Any:
    for option in typing.get_args(hint):
        if option is type(None):
            if value is None:
                return None
            continue
        try:
            return _convert(option, value, where=where)
        except OptionError:
            continue
    raise OptionError(f"{where}: {value!r} is not a {_name(hint)}", hint="correct the value")


def _convert_enum(hint: type[Enum], value: Any, *, where: str) -> Enum:
    try:
        return hint(value)
    except ValueError:
        choices = ", ".join(str(member.value) for member in hint)
        raise OptionError(
            f"{where}: {value!r} is not one of {choices}", hint="choose one"
        ) from None


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
