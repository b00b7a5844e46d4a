"""Chooses the clip pairs of a protocol; clips are tracked first where its start frames need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from animate_cli.data.manifest import DataEntry
from animate_cli.errors import OptionError
from animate_cli.evaluate.clips.clip_pairs import ClipPair, clip_pairs
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.clips.start_frame import find_start_frames
from animate_cli.evaluate.protocol import Protocol, Start
from animate_cli.faces.shape3d.model import load_shape_model
from animate_cli.records import Trajectory


def choose_pairs(
    clips: list[DataEntry],
    protocol: Protocol,
    tracker: ClipTracker,
    *,
    on_left_out: Callable[[Path], None],
) -> list[ClipPair]:
    """The clip pairs to evaluate, in a fixed order.

    tracker: give it to the evaluation, too, so that no clip is tracked twice; on_left_out: called
    with clips that have no start frame.

    Raises:
        OptionError: there is no pair to evaluate.
    """
    if protocol.start is Start.FIRST:
        return clip_pairs(clips, protocol)
    paths = [clip.path for clip in clips]

    def track_clip(path: Path) -> Trajectory:
        """Random frames lie before the cap, frontal ones anywhere in the clip."""
        count = 0 if protocol.start is Start.FRONTAL else protocol.cap
        return tracker.track(path, count).trajectory

    start_frames = find_start_frames(paths, protocol, track_clip, load_shape_model())
    for path in paths:
        if path not in start_frames:
            on_left_out(path)
    if not start_frames:
        hint = "give clips with faces, or use another --protocol"
        raise OptionError(f"no clip has a {protocol.start} frame", hint=hint)
    return clip_pairs(clips, protocol, start_frames)
