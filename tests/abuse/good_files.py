"""Small valid files, from which damaged ones are made."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image
from toy_world import ToyWorld, toy_frame

from animate_cli.faces.tracking.template import save_template
from animate_cli.records import Trajectory

PICTURES = ("good.png", "good.jpg", "good.webp", "good.tif", "good.bmp", "still.gif")
VIDEOS = ("good.mp4", "fast.mp4", "good.mkv", "good.avi", "good.gif")
TEMPLATE = "good.npz"


def make_good(folder: Path) -> dict[str, bytes]:
    """A valid file of each kind that is read, by name."""
    world = ToyWorld(folder)
    pixels = toy_frame(96, 80)
    for name in PICTURES:
        Image.fromarray(pixels).save(folder / name)
    world.driver("good.mp4", frames=6, sound=True)
    remux(folder / "good.mp4", folder / "fast.mp4", movflags="faststart")
    remux(folder / "good.mp4", folder / "good.mkv")
    write_frames(folder / "good.avi", [pixels] * 6, codec="mjpeg", pixel_format="yuvj420p")
    moving = [Image.fromarray(toy_frame(96, 80, shift=s)) for s in (0, 2, 4)]
    moving[0].save(folder / "good.gif", save_all=True, append_images=moving[1:], duration=40)
    save_template(still_trajectory(5), folder / TEMPLATE, overwrite=True)
    names = (*PICTURES, *VIDEOS, TEMPLATE)
    return {name: (folder / name).read_bytes() for name in names}


def still_trajectory(count: int) -> Trajectory:
    from toy_world import canonical_points

    points = canonical_points() * 20 + np.array([64, 48], np.float32)
    return Trajectory(
        landmarks=np.repeat(points[None], count, axis=0).astype(np.float32),
        confidence=np.ones((count, 74), np.float32),
        found=np.ones(count, bool),
        cut=np.zeros(count, bool),
        times_s=tuple(Fraction(n, 25) for n in range(count)),
        rate=Fraction(25),
        width=128,
        height=96,
        driver="d.mp4",
        sha256="0f" * 32,
    )


def remux(source: Path, target: Path, **options: str) -> None:
    """The same packets in another container, or in another order."""
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as write:
        copies = {s.index: write.add_stream_from_template(s) for s in read.streams}
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                write.mux(packet)


def write_frames(
    path: Path,
    frames: list[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    rate: Fraction = Fraction(25),
    stamps: list[int] | None = None,
    container: str | None = None,
) -> None:
    """A video of these frames; stamps: in frames, where they are not 0, 1, 2, ..."""
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
            frame.pts = stamps[index] if stamps else index
            frame.time_base = 1 / rate
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def crowd(count_x: int, count_y: int) -> np.ndarray:
    """Many toy faces in one picture."""
    frame = toy_frame(40 * count_x, 40 * count_y, face=False)
    for x in range(count_x):
        for y in range(count_y):
            cv2.circle(frame, (40 * x + 20, 40 * y + 20), 12, (220, 40, 220), -1)
    return frame
