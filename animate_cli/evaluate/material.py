"""Which clips and pairs of clips are tried."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animate_cli.data.manifest import CLIP, Entry, has_manifest, read_manifest
from animate_cli.errors import OptionError
from animate_cli.evaluate.protocol import Protocol, Reenactment

VIDEOS = {".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v"}


@dataclass(frozen=True, kw_only=True)
class Take:
    """One trial: the first frame of `source`, driven by the whole of `driver`."""

    name: str
    source: Path
    driver: Path


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


def takes(clips: list[Entry], protocol: Protocol) -> list[Take]:
    """What is tried, in a fixed order.

    Raises:
        OptionError: cross-reenactment of a single person.
    """
    if protocol.reenactment is Reenactment.SELF:
        chosen = [Take(name=c.path.stem, source=c.path, driver=c.path) for c in clips]
    else:
        chosen = _pairs(clips, protocol)
    return _spread(chosen, protocol.limit)


def _pairs(clips: list[Entry], protocol: Protocol) -> list[Take]:
    """Different people, no pair twice; fewer than asked for where there are not enough."""
    if len({clip.identity for clip in clips}) < 2:
        hint = "give clips of several people, or use --protocol self"
        raise OptionError("cross-reenactment needs two people", hint=hint)
    rng = np.random.default_rng(protocol.seed)
    drawn: dict[tuple[int, int], Take] = {}
    for _ in range(100 * protocol.pairs):
        if len(drawn) == protocol.pairs:
            break
        a, b = (int(k) for k in rng.integers(len(clips), size=2))
        source, driver = clips[a], clips[b]
        if source.identity != driver.identity:
            name = f"{source.path.stem}--{driver.path.stem}"
            drawn.setdefault((a, b), Take(name=name, source=source.path, driver=driver.path))
    return list(drawn.values())


def _spread(chosen: list[Take], limit: int) -> list[Take]:
    if not limit or limit >= len(chosen):
        return chosen
    return [chosen[k * len(chosen) // limit] for k in range(limit)]
