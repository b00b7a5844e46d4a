"""Make small clips: each frame encodes its number, the sound has clicks at known times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RATE_HZ = 44100
CLICK_S = 0.005


def shades(index: int) -> tuple[int, int]:
    """Two grey levels that encode the number of a frame (of 64), 30 apart for lossy codecs."""
    return 20 + index % 8 * 30, 20 + index // 8 % 8 * 30


def picture(index: int, *, width: int = 96, height: int = 64) -> np.ndarray:
    """A frame that encodes its number; its red top left corner shows rotations."""
    left, right = shades(index)
    pixels = np.full((height, width, 3), left, np.uint8)
    pixels[:, width // 2 :] = right
    pixels[: height // 4, : width // 4] = (250, 30, 30)
    return pixels


def number_of(pixels: np.ndarray) -> int:
    """The number that `picture` encoded in a frame."""
    height, width = pixels.shape[:2]
    lower = pixels[height // 2 :]
    low = round((float(lower[:, 4 : width // 2 - 4].mean()) - 20) / 30)
    high = round((float(lower[:, width // 2 + 4 : -4].mean()) - 20) / 30)
    return high * 8 + low


def clicks(times_s: list[float], *, length_s: float) -> np.ndarray:
    """Silence with bursts of 3 kHz that start at the given times: (1, samples) float32."""
    sound = np.zeros(round(length_s * RATE_HZ), np.float32)
    burst = np.sin(2 * np.pi * 3000 * np.arange(round(CLICK_S * RATE_HZ)) / RATE_HZ)
    for time in times_s:
        at = round(time * RATE_HZ)
        sound[at : at + len(burst)] = burst[: max(len(sound) - at, 0)]
    return sound[None]


def heard(path: Path, *, track: int = 0) -> list[float]:
    """Start times of the bursts in a file's sound, by its time stamps."""
    blocks: list[tuple[float, np.ndarray]] = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        for frame in container.decode(stream):
            values = np.abs(frame.to_ndarray().astype(np.float64))
            if not frame.format.is_planar:
                values = values.reshape(-1, frame.layout.nb_channels).T
            values = values.mean(axis=0) / (32768 if "s16" in frame.format.name else 1)
            assert frame.pts is not None
            start = float(frame.pts * frame.time_base)
            blocks.append((start, values))
            rate = frame.sample_rate
    found: list[float] = []
    for start, values in blocks:
        for at in np.flatnonzero(values > 0.25):
            time = start + at / rate
            if not found or time - found[-1] > 0.1:
                found.append(time)
            elif time < found[-1]:
                found[-1] = time
    return found


def make_clip(
    path: Path,
    *,
    frames: int = 20,
    rate: Fraction = Fraction(25),
    width: int = 96,
    height: int = 64,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    pts: list[int] | None = None,
    time_base: Fraction | None = None,
    sounds: list[np.ndarray] | None = None,
    audio_codec: str = "aac",
    pixel_shape: Fraction | None = None,
    rotation_deg: int = 0,
    settings: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write a clip of `picture`s; `sounds` are tracks of float32 samples at RATE_HZ."""
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.codec_context.time_base = time_base or 1 / rate
        stream.codec_context.options = settings or {}
        if pixel_shape:
            stream.codec_context.sample_aspect_ratio = pixel_shape
        if rotation_deg:
            stream.set_display_rotation(rotation_deg)
        tracks = [container.add_stream(audio_codec, rate=RATE_HZ) for _ in sounds or []]
        for track in tracks:
            track.codec_context.layout = "mono"
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, width=width, height=height))
            frame = frame.reformat(format=pixel_format, dst_colorspace="ITU601")
            frame.pts = pts[index] if pts else index
            frame.time_base = time_base or 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for track, sound in zip(tracks, sounds or [], strict=True):
            for packet in encoded(track, sound):
                container.mux(packet)
    return path


def encoded(track: av.AudioStream, sound: np.ndarray) -> Iterator[av.Packet]:
    """Packets of one track from (1, samples) float32."""
    wanted = track.codec_context.format.name
    step = track.codec_context.frame_size or 1024
    for at in range(0, sound.shape[1], step):
        block = sound[:, at : at + step]
        if wanted == "s16":
            block = (block * 32767).astype(np.int16)
        name = "s16" if wanted == "s16" else "fltp"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=name, layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, at
        frame.time_base = Fraction(1, RATE_HZ)
        yield from track.encode(frame)
    yield from track.encode(None)
