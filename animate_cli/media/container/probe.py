"""Finds a video's properties from its headers, time stamps and first frame."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median_low

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from animate_cli.errors import MediaError
from animate_cli.media.container.colour import is_hdr
from animate_cli.media.container.kind import Kind, kind_of
from animate_cli.media.container.open_container import (
    audio_streams,
    failure_log,
    open_container,
    stamp_of,
    video_stream,
)
from animate_cli.media.container.orientation import Orientation, orientation_of, square_size
from animate_cli.media.container.timestamps import Timestamps
from animate_cli.options import ReadOptions
from animate_cli.records import AudioInfo, VideoInfo

__all__ = ["Kind", "Survey", "kind_of", "probe", "survey"]

_PACKETS = 256
_REORDER = 64
_DEFAULT_RATE = Fraction(25)
# A rate outside these is an error in the file.
_HIGHEST_RATE, _LOWEST_RATE = 1000, Fraction(1, 24 * 3600)
_RATE_TOLERANCE = Fraction(1, 200)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """VideoInfo, and further values that the reader needs.

    first_pts: time stamp of the first frame shown, in time_base; stored_width, stored_height: of
    the first frame; square_width, square_height: the same with square pixels, not yet turned
    upright; track_duration_s: of the video stream alone; None if not stated.
    """

    info: VideoInfo
    time_base: Fraction
    first_pts: int
    orientation: Orientation
    stored_width: int
    stored_height: int
    square_width: int
    square_height: int
    track_duration_s: Fraction | None

    @property
    def begin_s(self) -> Fraction:
        """Time of the first frame in the file, on the same clock as the sound."""
        return self.first_pts * self.time_base

    def clock(self) -> Timestamps:
        """A `Timestamps` that starts at the first frame."""
        return Timestamps(
            time_base=self.time_base,
            first_pts=self.first_pts,
            rate=self.info.rate,
            is_variable=self.info.is_variable,
        )


def probe(path: Path, *, max_pixels: int = ReadOptions.max_pixels) -> VideoInfo:
    """Describe a video as its reader will yield it.

    Raises:
        MediaError: no video stream, no frame that decodes, or more than max_pixels in a frame.
    """
    return survey(path, max_pixels=max_pixels).info


def survey(path: Path, *, max_pixels: int) -> Survey:
    """Read the headers, the first packets' time stamps, and one frame."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        _refuse_large(path, stream.codec_context.width, stream.codec_context.height, max_pixels)
        stamps, frame = _first_packets(container, stream, path)
        _refuse_large(path, frame.width, frame.height, max_pixels)
        square = square_size(frame.width, frame.height, stream.sample_aspect_ratio)
        _refuse_large(path, *square, max_pixels)
        orientation = orientation_of(frame)
        time_base = stream.time_base or 1 / _DEFAULT_RATE
        first_pts = min(stamps[:_REORDER], default=stream.start_time or 0)
        is_variable = _is_uneven(_decode_stamps(container, stream) or sorted(stamps))
        rate = _rate(stream, is_variable=is_variable)
        track_s = _track_duration(stream)
        turned = square[::-1] if orientation.is_transposed else square
        info = VideoInfo(
            path=path,
            width=turned[0],
            height=turned[1],
            rate=rate,
            frames=_declared_frames(container, stream),
            duration_s=track_s or _whole_duration(container),
            codec=stream.codec_context.codec.canonical_name,
            bits=max(c.bits for c in frame.format.components),
            rotation_deg=orientation.rotation_deg,
            is_variable=is_variable,
            audio=_audio(container, first_pts * time_base),
            notes=_notes(frame, orientation, square),
        )
        return Survey(
            info=info,
            time_base=time_base,
            first_pts=first_pts,
            orientation=orientation,
            stored_width=frame.width,
            stored_height=frame.height,
            square_width=square[0],
            square_height=square[1],
            track_duration_s=track_s,
        )


def origin_of(path: Path, start_s: Fraction) -> Fraction:
    """Time in the file of the first frame that is at least start_s after the file's first.

    It is computed from time stamps alone, and equals the time found by decoding.
    """
    found = survey(path, max_pixels=ReadOptions.max_pixels)
    clock = found.clock()
    if start_s == 0:
        return found.begin_s
    times: list[Fraction] = []
    with open_container(path) as container, contextlib.suppress(av.FFmpegError):
        for packet in container.demux(video_stream(container, path)):
            stamp = stamp_of(packet, container)
            if stamp is not None and clock.nominal(stamp) >= start_s:
                times.append(clock.nominal(stamp))
                if len(times) >= _REORDER:
                    break
    return found.begin_s + min(times, default=start_s)


def _refuse_large(path: Path, width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise MediaError(
            f"{path} is too large: {width} x {height} pixels a frame, limit {max_pixels}",
            hint="shrink it, or raise --max-pixels if you trust the file and have the memory",
        )


def _first_packets(
    container: InputContainer, stream: VideoStream, path: Path
) -> tuple[list[int], VideoFrame]:
    """Time stamps of the first shown packets, in file order, and the first frame that decodes."""
    stamps: list[int] = []
    first: VideoFrame | None = None
    failed = False
    with contextlib.suppress(av.FFmpegError):  # if the file is cut off, use the part that was read
        for packet in container.demux(stream):
            stamp = stamp_of(packet, container)
            if stamp is not None and not packet.is_discard:
                stamps.append(stamp)
            if first is None:
                try:
                    first = next(iter(packet.decode()), None)
                except av.FFmpegError:
                    failed = True
            elif len(stamps) >= _PACKETS:
                break
    if first is None:
        why = failure_log(lambda: _decode_some(path)) if failed or stamps else ""
        raise MediaError(
            f"{path}: not one of its frames can be decoded{why}",
            hint="the video is empty or damaged: export or download it again",
        )
    return stamps, first


def _decode_some(path: Path) -> None:
    with open_container(path) as container:
        stream = video_stream(container, path)
        for count, packet in enumerate(container.demux(stream)):
            with contextlib.suppress(av.FFmpegError):
                packet.decode()
            if count >= _REORDER:
                return


def _decode_stamps(container: InputContainer, stream: VideoStream) -> list[int]:
    """Every frame's decode time, for formats whose index is complete."""
    return [e.timestamp for e in stream.index_entries] if _is_mov(container) else []


def _is_uneven(stamps: list[int]) -> bool:
    """Whether time steps, but for the last, differ by more than the time base's rounding."""
    steps = [b - a for a, b in pairwise(stamps)][:-1]
    usual = median_low(steps) if steps else 0
    return any(abs(step - usual) > 1 for step in steps)


def _rate(stream: VideoStream, *, is_variable: bool) -> Fraction:
    average = stream.average_rate or stream.guessed_rate or stream.base_rate
    if not average or not _LOWEST_RATE <= average <= _HIGHEST_RATE:
        average = _DEFAULT_RATE
    guessed = stream.base_rate
    if is_variable or not guessed or abs(guessed - average) > average * _RATE_TOLERANCE:
        return average
    return guessed


def _is_mov(container: InputContainer) -> bool:
    return "mp4" in container.format.name


def _declared_frames(container: InputContainer, stream: VideoStream) -> int | None:
    """The number of frames that the file declares; an edit list may hide some stored ones."""
    if _is_mov(container) and stream.frames and len(stream.index_entries):
        return sum(not entry.is_discard for entry in stream.index_entries)
    return (stream.frames or None) if container.format.name == "avi" else None


def _track_duration(stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    with contextlib.suppress(ValueError, ZeroDivisionError):  # Matroska: 00:00:05.000000000
        hours, minutes, seconds = stream.metadata.get("DURATION", "").strip("\0").split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return None


def _whole_duration(container: InputContainer) -> Fraction | None:
    return Fraction(container.duration, av.time_base) if container.duration else None


def _audio(container: InputContainer, video_start_s: Fraction) -> tuple[AudioInfo, ...]:
    return tuple(
        AudioInfo(
            index=container.streams.audio.index(stream),
            codec=stream.codec_context.codec.canonical_name,
            sample_rate=stream.codec_context.sample_rate,
            channels=stream.codec_context.layout.nb_channels,
            start_s=(stream.start_time or 0) * (stream.time_base or 0) - video_start_s,
            duration_s=stream.duration * stream.time_base
            if stream.duration and stream.time_base
            else None,
        )
        for stream in audio_streams(container)
    )


def _notes(frame: VideoFrame, orientation: Orientation, square: tuple[int, int]) -> tuple[str, ...]:
    notes = []
    bits = max(c.bits for c in frame.format.components)
    if bits > 8:
        notes.append(f"{bits} bits per colour reduced to 8")
    if is_hdr(frame):
        notes.append("high dynamic range is shown without tone mapping: it may look pale")
    if orientation.is_mirrored:
        notes.append("frames are mirrored, as the file asks")
    if square != (frame.width, frame.height):
        stored = f"{frame.width} x {frame.height}"
        notes.append(f"pixels made square: {stored} -> {square[0]} x {square[1]}")
    return tuple(notes)
