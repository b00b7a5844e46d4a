"""Which clips and pairs of clips are tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from animate_cli.data.manifest import CLIP, Entry, has_manifest, read_manifest
from animate_cli.errors import OptionError
from animate_cli.evaluate.opening import Opening
from animate_cli.evaluate.protocol import Pairing, Protocol, Reenactment

VIDEOS = {".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v"}


@dataclass(frozen=True, kw_only=True)
class Take:
    """One trial: a frame of `source`, driven by `driver` from a frame on to its end."""

    name: str
    source: Path
    driver: Path
    source_frame: int = 0
    driver_start: int = 0


def read_clips(root: Path, split: str) -> list[Entry]:
    """The clips of a split; of a folder without a manifest, every video, each a person.

    Raises:
        OptionError: there are none.
    """
    if has_manifest(root):
        clips = [e for e in read_manifest(root) if e.kind == CLIP and e.split == split]
    else:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        clips = [
            Entry(path=file, split=split, kind=CLIP, identity=file.stem)
            for file in files
            if file.suffix.lower() in VIDEOS
        ]
    if not clips:
        hint = "give a folder of videos, or one whose manifest.csv has clips of that --split"
        raise OptionError(f"{root}: no clips of split {split!r}", hint=hint)
    return clips


def takes(
    clips: list[Entry], protocol: Protocol, openings: Mapping[Path, Opening] | None = None
) -> list[Take]:
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
    return _spread(chosen, protocol.limit)


def _alone(clip: Entry, openings: Mapping[Path, Opening] | None) -> Take:
    name, path = clip.path.stem, clip.path
    if openings is None:
        return Take(name=name, source=path, driver=path)
    frame = openings[path].frame
    return Take(name=f"{name}@{frame}", source=path, driver=path, source_frame=frame)


def _cross(clips: list[Entry], protocol: Protocol, openings: Mapping[Path, Opening]) -> list[Take]:
    if len({clip.identity for clip in clips}) < 2:
        hint = "give clips of several people, or use --protocol self"
        raise OptionError("cross-reenactment needs two people", hint=hint)
    if protocol.pairing is Pairing.ALL:
        return [
            _together(source, driver)
            for source in clips
            for driver in clips
            if source.identity != driver.identity
        ]
    if protocol.pairing is Pairing.ALIKE:
        return _alike(clips, protocol, openings)
    return _pairs(clips, protocol)


def _together(source: Entry, driver: Entry) -> Take:
    name = f"{source.path.stem}--{driver.path.stem}"
    return Take(name=name, source=source.path, driver=driver.path)


def _alike(clips: list[Entry], protocol: Protocol, openings: Mapping[Path, Opening]) -> list[Take]:
    """Heads that stand alike where their clips start; of too many, as many as the seed draws."""
    found = []
    for source, driver in product(clips, clips):
        one, other = openings[source.path], openings[driver.path]
        apart = np.abs(np.subtract(one.angles_deg, other.angles_deg)).max()
        if source.identity != driver.identity and apart < protocol.alike_deg:
            found.append(
                Take(
                    name=f"{source.path.stem}@{one.frame}--{driver.path.stem}@{other.frame}",
                    source=source.path,
                    driver=driver.path,
                    source_frame=one.frame,
                    driver_start=other.frame,
                )
            )
    if not found:
        hint = "give more clips, or use --protocol cross"
        raise OptionError(
            f"no two people's clips start within {protocol.alike_deg:g} degrees", hint=hint
        )
    order = np.random.default_rng(protocol.seed).permutation(len(found))[: protocol.pairs]
    return [found[k] for k in sorted(order)]


def _pairs(clips: list[Entry], protocol: Protocol) -> list[Take]:
    """Different people, no pair twice; fewer than asked for where there are not enough."""
    rng = np.random.default_rng(protocol.seed)
    drawn: dict[tuple[int, int], Take] = {}
    for _ in range(100 * protocol.pairs):
        if len(drawn) == protocol.pairs:
            break
        a, b = (int(k) for k in rng.integers(len(clips), size=2))
        source, driver = clips[a], clips[b]
        if source.identity != driver.identity:
            drawn.setdefault((a, b), _together(source, driver))
    return list(drawn.values())


def _spread(chosen: list[Take], limit: int) -> list[Take]:
    if not limit or limit >= len(chosen):
        return chosen
    return [chosen[k * len(chosen) // limit] for k in range(limit)]
