"""Frames, their order, their times, and what is said when a file is damaged."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from clips import make_clip, number_of, picture
from PIL import Image

from animate_cli.errors import MediaError
from animate_cli.media.container.probe import Kind, kind_of, probe
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import Frame

Clip = Callable[..., Path]


def read(path: Path, options: ReadOptions | None = None) -> list[Frame]:
    with open_driver(path, options or ReadOptions()) as reader:
        return list(reader)


CONTAINERS = [
    ("a.mp4", "libx264"),
    ("a.mov", "libx264"),
    ("a.mkv", "libx264"),
    ("a.webm", "libvpx-vp9"),
    ("a.avi", "mpeg4"),
    ("b.avi", "libx264"),
]


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001)])
def test_every_frame_comes_once_in_order_and_on_its_beat(
    clip: Clip, name: str, codec: str, rate: Fraction
) -> None:
    frames = read(clip(name, codec=codec, rate=rate, frames=12))
    assert [number_of(f.pixels) for f in frames] == list(range(12))
    assert [f.index for f in frames] == list(range(12))
    tolerance = Fraction(0) if name != "a.webm" else Fraction(1, 1000)
    for frame in frames:
        assert abs(frame.time_s - frame.index / rate) <= tolerance


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_frames_come_upright(clip: Clip, turn: int) -> None:
    path = clip("turned.mp4", rotation_deg=turn, frames=2)
    expected = np.rot90(picture(0), turn // 90)
    info = probe(path)
    pixels = read(path)[0].pixels
    assert pixels.shape == expected.shape == (info.height, info.width, 3)
    assert np.abs(pixels.astype(int) - expected).mean() < 4
    assert info.rotation_deg == -turn % 360


def test_narrow_pixels_become_square(clip: Clip) -> None:
    path = clip("narrow.mp4", pixel_shape=Fraction(4, 3), frames=2)
    info = probe(path)
    assert (info.width, info.height) == (128, 64)
    assert read(path)[0].pixels.shape == (64, 128, 3)
    tall = clip("tall.mp4", pixel_shape=Fraction(1, 2), frames=2)
    assert (probe(tall).width, probe(tall).height) == (96, 128)


def test_ten_bits_become_eight_and_are_told(clip: Clip) -> None:
    path = clip("deep.mkv", codec="libx265", pixel_format="yuv420p10le", frames=3,
                settings={"x265-params": "log-level=none"})  # fmt: skip
    assert probe(path).bits == 10
    with open_driver(path, ReadOptions()) as reader:
        frames = list(reader)
        assert any("10 bits" in note for note in reader.notes)
    assert all(f.pixels.dtype == np.uint8 for f in frames)
    assert [number_of(f.pixels) for f in frames] == [0, 1, 2]


def test_odd_sizes_are_read(clip: Clip) -> None:
    path = clip("odd.mkv", codec="ffv1", pixel_format="bgr0", width=33, height=21, frames=2)
    assert read(path)[1].pixels.shape == (21, 33, 3)


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
@pytest.mark.parametrize("full", ["MPEG", "JPEG"])
def test_stated_matrix_and_range_are_used(tmp_path: Path, matrix: str, full: str) -> None:
    colour = np.array([200, 60, 120], np.uint8)
    path = tmp_path / "tagged.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv444p"
        stream.codec_context.colorspace = 1 if matrix == "ITU709" else 6
        stream.codec_context.color_range = 1 if full == "MPEG" else 2
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), colour))
        container.mux(stream.encode(by_formula(frame, matrix, full)))
        container.mux(stream.encode(None))
    assert np.abs(read(path)[0].pixels.astype(int) - colour).max() <= 2


def by_formula(frame: av.VideoFrame, matrix: str, full: str) -> av.VideoFrame:
    """Y'CbCr from the standards' own equations."""
    kr, kb = (0.2126, 0.0722) if matrix == "ITU709" else (0.299, 0.114)
    red, green, blue = (frame.to_ndarray()[..., k] / 255 for k in range(3))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    scale = (219, 224, 16) if full == "MPEG" else (255, 255, 0)
    planes = [luma * scale[0] + scale[2], cb * scale[1] + 128, cr * scale[1] + 128]
    values = np.stack([np.clip(p + 0.5, 0, 255).astype(np.uint8) for p in planes])
    return av.VideoFrame.from_ndarray(values, format="yuv444p")


def test_uneven_times_are_kept(clip: Clip) -> None:
    pts = [0, 40, 90, 100, 250, 300, 330]
    path = clip("uneven.mp4", frames=7, pts=pts, time_base=Fraction(1, 1000))
    assert probe(path).is_variable
    assert [f.time_s for f in read(path)] == [Fraction(p, 1000) for p in pts]


def test_even_times_are_not_called_variable(clip: Clip) -> None:
    assert not probe(clip("even.mp4", rate=Fraction(30000, 1001))).is_variable
    assert not probe(clip("even.mkv", rate=Fraction(30))).is_variable


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv", "long.avi"])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(12, 25), Fraction(49, 100), Fraction(2)])
def test_trimming_is_exact_to_the_frame(clip: Clip, name: str, start: Fraction) -> None:
    path = clip(name, frames=58, settings={"g": "10"})
    with open_driver(path, ReadOptions(start_s=start, duration_s=Fraction(5, 25))) as reader:
        frames = list(reader)
        first = -(-start * 25 // 1)
        assert [number_of(f.pixels) for f in frames] == list(range(first, first + len(frames)))
        assert len(frames) == len([n for n in range(58) if start <= Fraction(n, 25) < start + Fraction(1, 5)])  # fmt: skip  # noqa: E501
        assert reader.expected == 5
        assert [f.time_s for f in frames] == [Fraction(n, 25) for n in range(len(frames))]


def test_reading_again_gives_the_same(clip: Clip) -> None:
    with open_driver(clip("a.mp4"), ReadOptions()) as reader:
        once = [f.pixels.copy() for f in reader]
        again = [f.pixels for f in reader]
        assert reader.decoded == 20
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))


def test_nothing_between_start_and_end_is_refused(clip: Clip) -> None:
    with pytest.raises(MediaError, match="no frame between"):
        read(clip("a.mp4"), ReadOptions(start_s=Fraction(100)))


def test_repeated_and_backward_stamps_are_repaired(tmp_path: Path) -> None:
    path = tmp_path / "stamps.mkv"
    stamps = [0, 40, 80, 80, 160, 120, 240]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        for index in range(len(stamps)):
            frame = av.VideoFrame.from_ndarray(picture(index))
            frame.pts = index
            for packet in stream.encode(frame):
                packet.pts = stamps[index]
                packet.dts = index
                packet.time_base = Fraction(1, 1000)
                container.mux(packet)
    with open_driver(path, ReadOptions()) as reader:
        times = [f.time_s for f in reader]
        assert any("time stamps repaired" in note for note in reader.notes)
    assert len(times) == len(stamps)
    assert all(a < b for a, b in pairwise(times))


def test_sound_alone_is_no_driver(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError, match="only sound"):
        read(path)


def test_large_frames_are_refused_before_decoding(clip: Clip) -> None:
    with pytest.raises(MediaError, match="too large: 96 x 64"):
        open_driver(clip("a.mp4"), ReadOptions(max_pixels=96 * 64 - 1))


def test_a_change_of_size_is_fitted_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "grows.ts"
    first = make_clip(tmp_path / "1.ts", frames=5, codec="mpeg2video")
    second = make_clip(tmp_path / "2.ts", frames=5, codec="mpeg2video", width=64, height=96)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with open_driver(path, ReadOptions()) as reader:
        shapes = {f.pixels.shape for f in reader}
        assert any("another size" in note for note in reader.notes)
    assert shapes == {(64, 96, 3)}
    assert reader.decoded == 10


def test_a_gif_keeps_its_delays(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    pictures = [Image.fromarray(picture(n)) for n in range(4)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[50, 100, 200, 100])
    frames = read(path)
    assert kind_of(path) is Kind.VIDEO
    assert [number_of(f.pixels) for f in frames] == [0, 1, 2, 3]
    assert [f.time_s for f in frames] == [Fraction(t, 100) for t in (0, 5, 15, 35)]


def numbered(folder: Path, numbers: list[int]) -> Path:
    folder.mkdir()
    for index, number in enumerate(numbers):
        Image.fromarray(picture(index)).save(folder / f"f{number}.png")
    return folder


def test_a_folder_is_read_in_the_order_of_numbers(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "frames", [8, 9, 10, 11])
    with open_driver(folder, ReadOptions(start_s=Fraction(1, 25))) as reader:
        assert [number_of(f.pixels) for f in reader] == [1, 2, 3]
        assert reader.info.frames == 4
    assert kind_of(folder) is Kind.FRAMES


def test_a_gap_in_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="missing: 3"):
        read(numbered(tmp_path / "frames", [1, 2, 4]))


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "frames", [1, 2])
    Image.fromarray(picture(0, width=32)).save(folder / "f3.png")
    with pytest.raises(MediaError, match=r"f3\.png is 32 x 64"):
        read(folder)


def test_a_picture_is_one_frame(tmp_path: Path) -> None:
    Image.fromarray(picture(3)).save(tmp_path / "one.png")
    frames = read(tmp_path / "one.png")
    assert len(frames) == 1
    assert number_of(frames[0].pixels) == 3


def test_content_decides_not_the_name(clip: Clip, tmp_path: Path) -> None:
    video = clip("a.mp4").rename(tmp_path / "photo.jpg")
    template = tmp_path / "video.mp4"
    with template.open("wb") as file:
        np.savez(file, x=np.zeros(3))
    assert kind_of(video) is Kind.VIDEO
    assert kind_of(template) is Kind.TEMPLATE
    (tmp_path / "t.mp4").write_text("no video at all\n" * 50)
    with pytest.raises(MediaError, match="neither a picture"):
        kind_of(tmp_path / "t.mp4")
