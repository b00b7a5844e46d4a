"""Clip pairs: a source frame of one clip, and the driver clip that moves it."""

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

StartFrames = Sequence[StartFrame]
"""Frames at which a clip may start, earliest first."""


@dataclass(frozen=True, kw_only=True)
class ClipPair:
    """Frame `source_frame` of the clip `source`, driven by the clip `driver` from frame
    `driver_start` to its end. Both may be the same clip."""

    source: Path
    driver: Path
    name: str = ""
    source_frame: int = 0
    driver_start: int = 0


def read_clips(root: Path, split: str) -> list[DataEntry]:
    """The clips of a split, by a manifest or by the layout of a public data set. In any other
    folder every video and every folder of numbered frames is a clip, each of another person.

    split: one that the data has, or "all": the clips of every split.

    Raises:
        OptionError: there are no clips; the error names the splits that there are.
        DataError: a public data set lacks one of its list files.
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
    clips: list[DataEntry],
    protocol: Protocol,
    start_frames: Mapping[Path, StartFrames] | None = None,
) -> list[ClipPair]:
    """The pairs to evaluate, in a fixed order.

    start_frames: of the clips that have some; None where the protocol starts at first frames.

    Raises:
        OptionError: cross-reenactment with a single person, or no two heads with the same pose.
    """
    if start_frames is not None:
        clips = [clip for clip in clips if clip.path in start_frames]
    if protocol.reenactment is Reenactment.SELF:
        chosen = [_self_pair(clip, start_frames) for clip in clips]
    else:
        chosen = _cross_pairs(clips, protocol, start_frames or {})
    names = _clip_names([clip.path for clip in clips])
    with_frames = protocol.start is not Start.FIRST
    return [
        replace(pair, name=_pair_name(pair, names, with_frames=with_frames))
        for pair in _evenly_spread(chosen, protocol.limit)
    ]


def _clip_names(paths: Sequence[Path]) -> dict[Path, str]:
    """Each clip's file name without its suffix; where names are equal, with as many parent folders
    as make them different."""
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


def _pair_name(pair: ClipPair, names: Mapping[Path, str], *, with_frames: bool) -> str:
    """with_frames: the start frames are part of the name."""
    source, driver = names[pair.source], names[pair.driver]
    if pair.source == pair.driver:
        return f"{source}@{pair.source_frame}" if with_frames else source
    if not with_frames:
        return f"{source}--{driver}"
    return f"{source}@{pair.source_frame}--{driver}@{pair.driver_start}"


def _self_pair(clip: DataEntry, start_frames: Mapping[Path, StartFrames] | None) -> ClipPair:
    frame = start_frames[clip.path][0].frame if start_frames else 0
    return ClipPair(source=clip.path, driver=clip.path, source_frame=frame)


def _cross_pairs(
    clips: list[DataEntry], protocol: Protocol, start_frames: Mapping[Path, StartFrames]
) -> list[ClipPair]:
    if len({clip.identity for clip in clips}) < 2:
        hint = "give clips of several people, or use --protocol self"
        raise OptionError("cross-reenactment needs two people", hint=hint)
    if protocol.pairing is ClipPairing.ALL:
        return [
            ClipPair(source=source.path, driver=driver.path)
            for source in clips
            for driver in clips
            if source.identity != driver.identity
        ]
    if protocol.pairing is ClipPairing.ALIKE:
        return _same_pose_pairs(clips, protocol, start_frames)
    return _sampled_pairs(clips, protocol)


def _same_pose_pairs(
    clips: list[DataEntry], protocol: Protocol, start_frames: Mapping[Path, StartFrames]
) -> list[ClipPair]:
    """Pairs whose heads have the same pose at their start frames: a source starts at its first one,
    a driver at its first one with that pose. Of too many pairs a random sample is kept."""
    found = []
    for source, driver in product(clips, clips):
        if source.identity == driver.identity:
            continue
        one = start_frames[source.path][0]
        start = _first_alike(one, start_frames[driver.path], protocol.alike_deg)
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


def _first_alike(one: StartFrame, start_frames: StartFrames, within_deg: float) -> int | None:
    """The first frame whose angles all differ by less than `within_deg`; None: there is none."""
    for other in start_frames:
        if np.abs(np.subtract(one.angles_deg, other.angles_deg)).max() < within_deg:
            return other.frame
    return None


def _sampled_pairs(clips: list[DataEntry], protocol: Protocol) -> list[ClipPair]:
    """A random sample of pairs of different people, no pair twice; fewer than `protocol.pairs`
    where there are not enough."""
    rng = np.random.default_rng(protocol.seed)
    sampled: dict[tuple[int, int], ClipPair] = {}
    for _ in range(100 * protocol.pairs):
        if len(sampled) == protocol.pairs:
            break
        a, b = (int(k) for k in rng.integers(len(clips), size=2))
        source, driver = clips[a], clips[b]
        if source.identity != driver.identity:
            sampled.setdefault((a, b), ClipPair(source=source.path, driver=driver.path))
    return list(sampled.values())


def _evenly_spread(chosen: list[ClipPair], limit: int) -> list[ClipPair]:
    """Choose `limit` entries, evenly spread over the list; 0: all."""
    if not limit or limit >= len(chosen):
        return chosen
    return [chosen[k * len(chosen) // limit] for k in range(limit)]
