"""Damaged videos: used as far as they go, counted, told, or refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import number_of

from animate_cli.errors import MediaError
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import Frame

Clip = Callable[..., Path]


def read(path: Path, options: ReadOptions | None = None) -> list[Frame]:
    with open_driver(path, options or ReadOptions()) as reader:
        return list(reader)


def packets_of(path: Path) -> list[tuple[int, int]]:
    with av.open(str(path)) as container:
        return [(p.pos, p.size) for p in container.demux(video=0) if p.size]


def corrupt(path: Path, packet: int) -> None:
    data = bytearray(path.read_bytes())
    start, size = packets_of(path)[packet]
    data[start + 4 : start + size] = bytes((b ^ 0xA5) for b in data[start + 4 : start + size])
    path.write_bytes(data)


@pytest.mark.parametrize("which", [0, 7, 19])
@pytest.mark.parametrize(("name", "codec"), [("c.mp4", "libx264"), ("c.mkv", "mjpeg")])
def test_a_corrupt_packet_is_concealed_and_counted(
    clip: Clip, which: int, name: str, codec: str
) -> None:
    wishes = {"pixel_format": "yuvj420p"} if codec == "mjpeg" else {"settings": {"g": "1"}}
    path = clip(name, codec=codec, **wishes)
    corrupt(path, which)
    with open_driver(path, ReadOptions()) as reader:
        frames = list(reader)
        assert any("damaged" in note for note in reader.notes)
        assert reader.concealed >= 1
    assert len(frames) == 20
    assert [f.time_s for f in frames] == [Fraction(n, 25) for n in range(20)]
    hurt = [f.index for f in frames if f.is_concealed]
    assert which in hurt
    for frame in frames:
        if not frame.is_concealed:
            assert number_of(frame.pixels) == frame.index
        elif frame.index:
            assert number_of(frame.pixels) == number_of(frames[frame.index - 1].pixels)


def test_strict_refuses_corrupt_packets(clip: Clip) -> None:
    path = clip("c.mp4", settings={"g": "1"})
    corrupt(path, 7)
    with pytest.raises(MediaError, match="damaged"):
        read(path, ReadOptions(strict=True))


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    short = path.with_name("cut" + path.suffix)
    short.write_bytes(data[: int(len(data) * share)])
    return short


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_cut_video_is_used_as_far_as_it_goes(clip: Clip, name: str) -> None:
    options = {"movflags": "+faststart"} if name == "a.mp4" else {}
    path = cut(clip(name, frames=50, settings={"g": "5"}, container_options=options), 0.6)
    with open_driver(path, ReadOptions()) as reader:
        frames = list(reader)
        told = [note for note in reader.notes if "cut off" in note]
    assert 5 < len(frames) < 50
    assert told
    assert "50" in told[0]
    assert str(len(frames)) in told[0]
    with pytest.raises(MediaError, match=r"cut off|damaged"):
        read(path, ReadOptions(strict=True))


@pytest.mark.parametrize(("share", "words"), [(0.2, "moov atom not found"), (0.8, "index")])
def test_a_video_without_its_index_says_so(clip: Clip, share: float, words: str) -> None:
    path = cut(clip("a.mp4", frames=30), share)
    for _ in range(2):  # the second file with the same fault is told the same
        with pytest.raises(MediaError, match=words):
            read(path)


def test_a_video_without_frames_is_refused(clip: Clip) -> None:
    path = clip("none.mkv", frames=1)
    data = path.read_bytes()
    start, _ = packets_of(path)[0]
    path.write_bytes(data[: start - 8])
    with pytest.raises(MediaError, match="not one of its frames"):
        read(path)
