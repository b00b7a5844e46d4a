"""Finds the raw files to prepare, and their origin from a manifest or a public data set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from animate_cli.data.frames import are_frames
from animate_cli.data.layouts.find import find_layout
from animate_cli.data.layouts.listing import listing_of
from animate_cli.data.manifest import CLIP, IMAGE, NAME, DataEntry, has_manifest
from animate_cli.errors import InputError, OptionError
from animate_cli.media.container.kind import PICTURE_SUFFIXES, VIDEO_SUFFIXES, Kind, kind_of
from animate_cli.media.container.open_container import require_file
from animate_cli.prepare.manifest import ClipOrigin, read_origins
from animate_cli.prepare.options import AUTO, FileTreatment, PrepareOptions

_KINDS = {
    **dict.fromkeys(VIDEO_SUFFIXES, Kind.VIDEO),
    **dict.fromkeys(PICTURE_SUFFIXES, Kind.IMAGE),
}


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One raw file, or a folder of numbered frames.

    kind: clip or image; listed: its name in the manifest.csv above it, empty if there is none.
    """

    path: Path
    kind: str
    origin: ClipOrigin
    listed: str = ""

    @property
    def display_name(self) -> str:
        """The file's name for tables, without folders of this machine."""
        return self.listed or self.path.name


def find_sources(
    inputs: Sequence[Path], choices: PrepareOptions, *, output: Path
) -> Iterator[SourceFile]:
    """The videos and pictures of the inputs, which are files or folders, each once, in order.

    A folder laid out like a public data set is read as that data set. In other folders, a folder
    of numbered frames is a clip, except with --as-is. output: the data set's folder, left out.

    Raises:
        DataError: a public data set lacks a list that belongs to it.
        InputError: an input is missing, or a given file is neither video nor picture.
        OptionError: `identity_from` is no regular expression, or finds nothing in a path.
    """
    listings = _Listings()
    seen = set()
    for given in inputs:
        root = given.absolute()
        known = _known_in(root)
        for path in known or _files(root, output.absolute(), choices):
            if path not in seen and not path.is_relative_to(output.absolute()):
                seen.add(path)
                yield _source(path, root, choices, listings, known.get(path))


def _known_in(root: Path) -> dict[Path, DataEntry]:
    """The files of a public data set; empty for other folders, and for those with a manifest."""
    layout = None if has_manifest(root) else find_layout(root)
    return {entry.path: entry for entry in layout.entries} if layout else {}


class _Listings:
    """The manifests above the files, each read once."""

    def __init__(self) -> None:
        self._above: dict[Path, Path | None] = {}
        self._origins: dict[Path, dict[str, ClipOrigin]] = {}

    def name_of(self, path: Path) -> str:
        """The path relative to the nearest folder above with a manifest.csv; "" if none has."""
        folder = self._folder(path)
        return "" if folder is None else path.relative_to(folder).as_posix()

    def origin_of(self, path: Path) -> ClipOrigin | None:
        """The origin of the file in that manifest; None if the file is not listed."""
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


def _files(root: Path, output: Path, choices: PrepareOptions) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return
    listing = listing_of(root)
    clips = set()
    if choices.treatment is FileTreatment.CUT:
        clips = {at for at in listing.series if _is_clip(root / at, output, choices)}
    files = (f for f in (*listing.videos, *listing.pictures) if f.parent not in clips)
    for path in sorted((*files, *clips)):
        if not (root / path).is_relative_to(output):
            yield root / path


def _is_clip(folder: Path, output: Path, choices: PrepareOptions) -> bool:
    is_output = folder.is_relative_to(output)
    return not is_output and are_frames(folder, least=choices.least_frames)


def _source(
    path: Path, root: Path, choices: PrepareOptions, listings: _Listings, known: DataEntry | None
) -> SourceFile:
    kind = _kind(path)
    origin = listings.origin_of(path)
    if origin is not None:
        return SourceFile(path=path, kind=kind, origin=origin, listed=listings.name_of(path))
    if known is not None and choices.identity_from == AUTO:
        identity = known.identity
    else:
        identity = identity_of(path, root, choices.identity_from)
    split = known.split if known and known.split else choices.split.value
    origin = ClipOrigin(
        identity=identity, split=split, terms=choices.terms, licence=choices.licence
    )
    return SourceFile(path=path, kind=kind, origin=origin)


def _kind(path: Path) -> str:
    """Clip or image: by the suffix if it is known, else by the content; a folder is a clip."""
    if path.is_dir():
        return CLIP
    require_file(path)
    kind = _KINDS.get(path.suffix.lower()) or kind_of(path)
    if kind not in (Kind.VIDEO, Kind.IMAGE):
        raise InputError(
            f"{path} is neither a video nor a picture", hint="give videos, pictures or folders"
        )
    return CLIP if kind is Kind.VIDEO else IMAGE


def identity_of(path: Path, root: Path, rule: str) -> str:
    """The identity of a file by a rule, as `PrepareOptions.identity_from` describes it.

    Raises:
        OptionError: the rule is no regular expression, or finds nothing in the path.
    """
    below = path.relative_to(root).parts if path != root else (path.name,)
    if rule in (AUTO, "folder"):
        return below[0] if len(below) > 1 else path.stem
    if rule == "file":
        return path.stem
    try:
        match = re.search(rule, path.relative_to(root.parent).as_posix())
    except re.error as error:
        hint = "give auto, folder, file, or an expression such as 'id[0-9]+'"
        raise OptionError(f"--identity-from {rule!r}: {error}", hint=hint) from error
    if match is None or not match.group():
        raise OptionError(
            f"--identity-from {rule!r} finds nothing in {path}",
            hint="every file needs an identity: no person may be in both splits",
        )
    return match.group(1) if match.re.groups else match.group()
