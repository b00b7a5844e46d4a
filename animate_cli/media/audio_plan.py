"""Chooses the sound of the result, before any frame is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animate_cli.errors import MediaError
from animate_cli.media.container.open_container import audio_streams, open_container
from animate_cli.media.container.probe import origin_of
from animate_cli.records import InputFile, InputFrames, Kind


@dataclass(frozen=True, kw_only=True)
class AudioPlan:
    """The chosen sound. start_s: time in the sound file at which the result starts.

    track: number among the file's audio streams; codec: as stored; notes: for the user.
    """

    path: Path
    track: int
    codec: str
    start_s: Fraction
    notes: tuple[str, ...] = ()


def plan_audio(
    audio: str, *, driver: InputFile | InputFrames | None, start_s: Fraction = Fraction(0)
) -> AudioPlan | None:
    """Choose the sound track; None if there is none.

    audio: "driver", "none", or a path of a file, whose sound starts with the result; start_s: the
    start of the used part of the driver and of its sound.

    Raises:
        MediaError: the file is missing or holds no sound that can be decoded.
    """
    if audio == "none":
        return None
    if audio == "driver":
        if driver is None or driver.kind is not Kind.VIDEO:
            return None
        return _plan(driver.path, origin_s=origin_of(driver.path, start_s))
    plan = _plan(Path(audio), origin_s=None)
    if plan is None:
        raise MediaError(f"{audio} holds no sound", hint="give another file, or --audio none")
    return plan


def _plan(path: Path, *, origin_s: Fraction | None) -> AudioPlan | None:
    """Take the default track from origin_s on; None: from the start of its sound."""
    with open_container(path) as container:
        streams = audio_streams(container)
        if not streams:
            return None
        chosen, notes = streams[0], []
        number = container.streams.audio.index(chosen)
        if len(container.streams.audio) > 1:
            count = len(container.streams.audio)
            notes.append(f"{count} audio tracks: number {number + 1} is used")
        begins = (chosen.start_time or 0) * (chosen.time_base or Fraction(0))
        return AudioPlan(
            path=path,
            track=number,
            codec=chosen.codec_context.codec.canonical_name,
            start_s=begins if origin_s is None else origin_s,
            notes=tuple(notes),
        )
