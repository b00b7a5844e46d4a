"""Makes and checks names of results; all lie inside the batch's folder."""

from __future__ import annotations

import hashlib
import string
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from animate_cli.errors import OptionError

TEMPLATE = "{source}--{driver}"
FIELDS = ("source", "driver", "number")
SHORT_PART = 160  # most bytes of a path component made by a template ...
LONGEST_PART = 200  # ... or given by a manifest; the longer name of its hidden file stays below 255
DEEPEST = 16
_HASH_DIGITS = 8  # hexadecimal digits that keep shortened names different


def check_template(template: str) -> None:
    """Check a template of names, such as {source}--{driver}.

    Raises:
        OptionError: an unknown field, or a name outside the folder.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise OptionError(f"--name {template!r}: {error}", hint=_hint()) from error
    for _, field, form, conversion in parts:
        if field is not None and (field not in FIELDS or form or conversion):
            raise OptionError(f"--name {template!r}: unknown field {{{field}}}", hint=_hint())
    check_inside(
        fill_template(template, source="s", driver="d", number=1), where=f"--name {template!r}"
    )


def fill_template(template: str, *, source: str, driver: str, number: int) -> str:
    """The name of one job, without suffix. Separators in a stem become underscores."""
    fields = {"source": clean_stem(source), "driver": clean_stem(driver), "number": f"{number:06d}"}
    name = template.format_map(fields)
    return "/".join(shortened(part) for part in name.split("/"))


def clean_stem(stem: str) -> str:
    """The stem with underscores for control characters, separators and lone surrogates."""
    kept = "".join("_" if _is_unsafe(sign) else sign for sign in stem)
    return kept.strip(" .") or "_"


def shortened(part: str) -> str:
    """A path component, cut to SHORT_PART bytes; a hash at its end keeps names unique."""
    content = part.encode("utf-8", "surrogateescape")
    if len(content) <= SHORT_PART:
        return part
    mark = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    kept = SHORT_PART - _HASH_DIGITS - 1
    return f"{content[:kept].decode('utf-8', 'ignore')}-{mark}"


def check_inside(name: str, *, where: str) -> None:
    """Check that a name stays inside the folder, on any system.

    Raises:
        OptionError: absolute, with a drive, with .., empty, hidden, too long or deep, or with a
            control character or backslash.
    """
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    is_outside = posix.is_absolute() or bool(windows.anchor) or ".." in windows.parts
    is_strange = any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name) or "\\" in name
    is_hidden = any(part.startswith(".") for part in posix.parts)
    if is_outside or is_strange or is_hidden or not posix.parts or len(posix.parts) > DEEPEST:
        hint = "name results inside the output folder, without .. or a leading / or ."
        raise OptionError(f"{where}: {name!r} is not a name inside the output folder", hint=hint)
    if any(len(part.encode()) > LONGEST_PART for part in posix.parts):
        raise OptionError(
            f"{where}: {name[:40]!r}... is too long",
            hint=f"use at most {LONGEST_PART} bytes between two /",
        )


def output_path(folder: Path, name: str) -> Path:
    """The path of a result.

    Raises:
        OptionError: a link inside the folder leads out of it.
    """
    path = folder / name
    try:
        is_inside = path.parent.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links in a circle
        is_inside = False
    if not is_inside:
        hint = "remove the link, or write elsewhere with -o"
        raise OptionError(f"{path}: a link leads out of {folder}", hint=hint)
    return path


def _is_unsafe(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in '/\\:*?"<>|'


def _hint() -> str:
    return f"known fields are {', '.join(f'{{{name}}}' for name in FIELDS)}"
