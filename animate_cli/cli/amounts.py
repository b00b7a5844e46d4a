"""Parses the text of --amount, such as pose=0,lips=1.5; parts that are not named stay at 1."""

from __future__ import annotations

from dataclasses import asdict, fields
from difflib import get_close_matches

import typer

from animate_cli.errors import OptionError
from animate_cli.options import MAX_AMOUNT, Amounts


def amounts(text: str | Amounts) -> Amounts:
    """Parse name=number pairs, separated by commas.

    Raises:
        typer.BadParameter: a name is unknown or repeated, or a number is not from 0 to 2.
    """
    try:
        return Amounts(**(asdict(Amounts()) | _read(str(text))))
    except OptionError as error:
        raise typer.BadParameter(f"{error.message}; {error.hint}") from error


def _read(text: str) -> dict[str, float]:
    read: dict[str, float] = {}
    known = [one.name for one in fields(Amounts)]
    for entry in text.split(","):
        name, equals, value = (part.strip() for part in entry.partition("="))
        if not equals:
            hint = "write name=number, as in pose=0,lips=1.2; --strength scales everything"
            raise OptionError(f"{entry.strip()!r} is not an amount", hint=hint)
        if name not in known:
            near = get_close_matches(name, known, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(known)}"
            raise OptionError(f"there is no part named {name!r}", hint=meant)
        if name in read:
            raise OptionError(f"{name} is given twice", hint="name each part once")
        read[name] = _number(name, value)
    return read


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        hint = f"give a number from 0 to {MAX_AMOUNT:g}"
        raise OptionError(f"amount of {name}: {text!r} is not a number", hint=hint) from None
