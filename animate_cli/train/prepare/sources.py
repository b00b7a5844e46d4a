"""Which files a preparation is about, and what is known of them before they are opened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from animate_cli.data.manifest import CLIP, IMAGE, NAME
from animate_cli.errors import InputError, OptionError
from animate_cli.media.container import require_file
from animate_cli.media.kind import PICTURE_SUFFIXES, Kind, kind_of
from animate_cli.train.prepare.choices import PrepareChoices
from animate_cli.train.prepare.manifest import Origin, read_origins

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv"}
)
_KINDS = {
    **dict.fromkeys(VIDEO_SUFFIXES, Kind.VIDEO),
    **dict.fromkeys(PICTURE_SUFFIXES, Kind.IMAGE),
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """One raw file.

    kind: clip or image; listed: the name under which the manifest.csv above it knows it, empty
    where none does.
    """

    path: Path
    kind: str
    origin: Origin
    listed: str = ""

    @property
    def shown(self) -> str:
        """Its name in tables: without the place of anyone's machine."""
        return self.listed or self.path.name


def find_sources(
    inputs: Sequence[Path], choices: PrepareChoices, *, output: Path
) -> Iterator[Source]:
    """The videos and pictures given, and those in the folders given, each once, in their order.

    output: the data set's folder, which is never read.

    Raises:
        InputError: an input is missing, or a file that was named is no video and no picture.
        OptionError: `identity_from` is no regular expression, or finds nothing in a path.
    """
    listings = _Listings()
    seen = set()
    for given in inputs:
        root = given.absolute()
        for path in _files(root, output.absolute()):
            if path not in seen:
                seen.add(path)
                yield _source(path, root, choices, listings)


class _Listings:
    """The manifests above the files, each read once."""

    def __init__(self) -> None:
        self._above: dict[Path, Path | None] = {}
        self._origins: dict[Path, dict[str, Origin]] = {}

    def name_of(self, path: Path) -> str:
        """A file's name relative to the nearest folder above it that holds a manifest.csv."""
        folder = self._folder(path)
        return "" if folder is None else path.relative_to(folder).as_posix()

    def origin_of(self, path: Path) -> Origin | None:
        """What that manifest says of the file, if anything."""
        folder = self._folder(path)
        if folder is None:
            return None
        if folder not in self._origins:
            self._origins[folder] = read_origins(folder / NAME)
        return self._origins[folder].get(self.name_of(path))

    def _folder(self, path: Path) -> Path | None:
        if path.parent not in self._above:
            holding = (at for at in path.parents if (at / NAME).is_file())
            self._above[path.parent] = next(holding, None)
        return self._above[path.parent]


def _files(root: Path, output: Path) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    for path in sorted(root.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.suffix.lower() in _KINDS and not is_hidden and not path.is_relative_to(output):
            yield path


def _source(path: Path, root: Path, choices: PrepareChoices, listings: _Listings) -> Source:
    kind = _kind(path)
    origin = listings.origin_of(path)
    if origin is not None:
        return Source(path=path, kind=kind, origin=origin, listed=listings.name_of(path))
    origin = Origin(
        identity=identity_of(path, root, choices.identity_from),
        split=choices.split.value,
        terms=choices.terms,
        licence=choices.licence,
    )
    return Source(path=path, kind=kind, origin=origin)


def _kind(path: Path) -> str:
    """By the name, where it is usual, else by the content."""
    require_file(path)
    kind = _KINDS.get(path.suffix.lower()) or kind_of(path)
    if kind not in (Kind.VIDEO, Kind.IMAGE):
        raise InputError(
            f"{path} is neither a video nor a picture", hint="give videos, pictures or folders"
        )
    return CLIP if kind is Kind.VIDEO else IMAGE


def identity_of(path: Path, root: Path, rule: str) -> str:
    """Whom a file shows, by a rule as `PrepareChoices.identity_from` describes it.

    Raises:
        OptionError: the rule is no regular expression, or finds nothing in the path.
    """
    below = path.relative_to(root).parts if path != root else (path.name,)
    if rule == "folder":
        return below[0] if len(below) > 1 else path.stem
    if rule == "file":
        return path.stem
    try:
        match = re.search(rule, path.relative_to(root.parent).as_posix())
    except re.error as error:
        hint = "give folder, file, or an expression such as 'id[0-9]+'"
        raise OptionError(f"--identity-from {rule!r}: {error}", hint=hint) from error
    if match is None or not match.group():
        raise OptionError(
            f"--identity-from {rule!r} finds nothing in {path}",
            hint="every file needs an identity: nobody may be both trained and reported on",
        )
    return match.group(1) if match.re.groups else match.group()
