"""Which clips and pairs of clips are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from animate_cli.data.frames import are_frames
from animate_cli.data.layouts.find import NAMES, find_layout
from animate_cli.data.layouts.listing import FEWEST, listing_of
from animate_cli.data.manifest import ALL_SPLITS, CLIP, DataEntry, has_manifest, read_manifest
from animate_cli.errors import OptionError
from animate_cli.evaluate.clips.start_frame import StartFrame
from animate_cli.evaluate.protocol import ClipPairing, Protocol, Reenactment, Start
from animate_cli.media.container.kind import VIDEO_SUFFIXES

Openings = Sequence[StartFrame]
"""Where a clip may start, earliest first."""


@dataclass(frozen=True, kw_only=True)
class ClipPair:
    """One trial: a frame of `source`, driven by `driver` from a frame on to its end."""

    source: Path
    driver: Path
    name: str = ""
    source_frame: int = 0
    driver_start: int = 0


def read_clips(root: Path, split: str) -> list[DataEntry]:
    """The clips of a split: as a manifest says, or as a public data set is laid out; of any other
    folder, every video and every folder of numbered frames, each a person.

    split: one that the data has, or "all": the clips of every split.

    Raises:
        OptionError: there are none; the error names the splits that there are.
        DataError: a public data set lacks a list that belongs to it.
    """
    every = [entry for entry in _entries(root) if entry.kind == CLIP]
    clips = [entry for entry in every if entry.is_in(split)]
    if clips:
        return clips
    if every:
        counts = Counter(entry.split for entry in every)
        there = ", ".join(f"{name!r} has {count}" for name, count in sorted(counts.items()))
        hint = f"choose one of these with --split, or take every clip with --split {ALL_SPLITS}"
        raise OptionError(f"{root}: no clips of split {split!r}; {there}", hint=hint)
    hint = (
        "give a video, a folder of videos, a folder whose manifest.csv lists clips, or a data set "
        f"laid out as {NAMES}; pictures alone are no clips"
    )
    raise OptionError(f"{root}: there are no clips", hint=hint)


def _entries(root: Path) -> Sequence[DataEntry]:
    if has_manifest(root):
        return read_manifest(root)
    layout = find_layout(root)
    if layout:
        return layout.entries
    listing = listing_of(root)
    series = [at for at in listing.series if are_frames(root / at, least=FEWEST)]
    files = [root] if root.is_file() else [root / clip for clip in (*listing.videos, *series)]
    return [
        DataEntry(path=file, split="", kind=CLIP, identity=file.stem)
        for file in sorted(files)
        if file.is_dir() or file.suffix.lower() in VIDEO_SUFFIXES
    ]


def clip_pairs(
    clips: list[DataEntry], protocol: Protocol, openings: Mapping[Path, Openings] | None = None
) -> list[ClipPair]:
    """What is tried, in a fixed order.

    openings: of the clips that have one, where the protocol does not start at first frames.

    Raises:
        OptionError: cross-reenactment of a single person, or of heads that never stand alike.
    """
    if openings is not None:
        clips = [clip for clip in clips if clip.path in openings]
    if protocol.reenactment is Reenactment.SELF:
        chosen = [_alone(clip, openings) for clip in clips]
    else:
        chosen = _cross(clips, protocol, openings or {})
    names = _names([clip.path for clip in clips])
    marks = protocol.start is not Start.FIRST
    return [
        replace(take, name=_name(take, names, marks=marks))
        for take in _spread(chosen, protocol.limit)
    ]


def _names(paths: Sequence[Path]) -> dict[Path, str]:
    """A clip's file name without its suffix; of namesakes, with as many folders before it as tell
    them apart."""
    plain = {p: p.with_suffix("") if p.suffix.lower() in VIDEO_SUFFIXES else p for p in paths}
    names = {path: plain[path].name for path in paths}
    for depth in range(2, max(len(path.parts) for path in paths) if paths else 0):
        counts = Counter(names.values())
        if max(counts.values()) == 1:
            break
        for path in paths:
            if counts[names[path]] > 1:
                names[path] = "-".join(plain[path].parts[-depth:])
    return names


def _name(take: ClipPair, names: Mapping[Path, str], *, marks: bool) -> str:
    """marks: frames where clips start are part of it."""
    source, driver = names[take.source], names[take.driver]
    if take.source == take.driver:
        return f"{source}@{take.source_frame}" if marks else source
    if not marks:
        return f"{source}--{driver}"
    return f"{source}@{take.source_frame}--{driver}@{take.driver_start}"


def _alone(clip: DataEntry, openings: Mapping[Path, Openings] | None) -> ClipPair:
    frame = openings[clip.path][0].frame if openings else 0
    return ClipPair(source=clip.path, driver=clip.path, source_frame=frame)


def _cross(
    clips: list[DataEntry], protocol: Protocol, openings: Mapping[Path, Openings]
) -> list[ClipPair]:
    if len({clip.identity for clip in clips}) < 2:
        hint = "give clips of several people, or use --protocol self"
        raise OptionError("cross-reenactment needs two people", hint=hint)
    if protocol.pairing is ClipPairing.ALL:
        return [
            _together(source, driver)
            for source in clips
            for driver in clips
            if source.identity != driver.identity
        ]
    if protocol.pairing is ClipPairing.ALIKE:
        return _alike(clips, protocol, openings)
    return _pairs(clips, protocol)


def _together(source: DataEntry, driver: DataEntry) -> ClipPair:
    return ClipPair(source=source.path, driver=driver.path)


def _alike(
    clips: list[DataEntry], protocol: Protocol, openings: Mapping[Path, Openings]
) -> list[ClipPair]:
    """Heads that stand alike where their clips start: sources at their first opening, drivers at
    the first that is like it; of too many, as many as the seed draws."""
    found = []
    for source, driver in product(clips, clips):
        if source.identity == driver.identity:
            continue
        one = openings[source.path][0]
        start = _first_like(one, openings[driver.path], protocol.alike_deg)
        if start is not None:
            found.append(
                ClipPair(
                    source=source.path,
                    driver=driver.path,
                    source_frame=one.frame,
                    driver_start=start,
                )
            )
    if not found:
        hint = "give more clips, or use --protocol cross"
        raise OptionError(
            f"no two people's clips start within {protocol.alike_deg:g} degrees", hint=hint
        )
    order = np.random.default_rng(protocol.seed).permutation(len(found))[: protocol.pairs]
    return [found[k] for k in sorted(order)]


def _first_like(one: StartFrame, openings: Openings, within_deg: float) -> int | None:
    """The first frame whose every angle differs by less."""
    for other in openings:
        if np.abs(np.subtract(one.angles_deg, other.angles_deg)).max() < within_deg:
            return other.frame
    return None


def _pairs(clips: list[DataEntry], protocol: Protocol) -> list[ClipPair]:
    """Different people, no pair twice; fewer than asked for where there are not enough."""
    rng = np.random.default_rng(protocol.seed)
    drawn: dict[tuple[int, int], ClipPair] = {}
    for _ in range(100 * protocol.pairs):
        if len(drawn) == protocol.pairs:
            break
        a, b = (int(k) for k in rng.integers(len(clips), size=2))
        source, driver = clips[a], clips[b]
        if source.identity != driver.identity:
            drawn.setdefault((a, b), _together(source, driver))
    return list(drawn.values())


def _spread(chosen: list[ClipPair], limit: int) -> list[ClipPair]:
    if not limit or limit >= len(chosen):
        return chosen
    return [chosen[k * len(chosen) // limit] for k in range(limit)]
