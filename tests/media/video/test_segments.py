"""A film cut into segments is the film: frames, times and sound; what was whole is not lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from clips import clicks, heard, number_of, picture

from animate_cli.errors import OutputError
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.sound.mux import plan_audio
from animate_cli.media.video.segments import Film
from animate_cli.media.writer import open_writer
from animate_cli.options import Codec, OutputOptions

LENGTH = 16
NTSC = Fraction(30000, 1001)


def film(folder: Path, count: int, *, rate: Fraction = Fraction(25)) -> Film:
    return Film(
        folder=folder / "kept", times_s=tuple(n / rate for n in range(count)), length=LENGTH
    )


def write(
    path: Path,
    marking: Marking,
    one: Film,
    *,
    rate: Fraction = Fraction(25),
    codec: Codec = Codec.H264,
    sound: Path | None = None,
    stop: int | None = None,
    width: int = 96,
) -> list[int]:
    """Write a film, or until a frame at which all is lost -> frames that were asked for."""
    asked: list[int] = []
    with open_writer(
        path,
        width=width,
        height=64,
        rate=rate,
        options=OutputOptions(codec=codec),
        marking=marking,
        audio=plan_audio(str(sound), driver=None) if sound else None,
        threads=1,
        film=one,
    ) as writer:
        for index in range(writer.frames, len(one.times_s)):
            if index == stop:
                raise KeyboardInterrupt
            asked.append(index)
            writer.write(picture(index % 64, width=width), one.times_s[index])
    return asked


def shown(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray().tobytes())
            for frame in container.decode(video=0)
        ]


CASES = [
    *(("f.mp4", Codec.H264), ("f.mov", Codec.H264), ("f.mp4", Codec.H265)),
    *(("f.mp4", Codec.AV1), ("f.mov", Codec.PRORES)),
]


@pytest.mark.parametrize(("name", "codec"), CASES)
def test_every_frame_at_its_time(tmp_path: Path, marking: Marking, name: str, codec: Codec) -> None:
    one = film(tmp_path, 2 * LENGTH + 5, rate=NTSC)
    write(tmp_path / name, marking, one, rate=NTSC, codec=codec)
    with av.open(str(tmp_path / name)) as container:
        frames = list(container.decode(video=0))
        assert container.streams.video[0].average_rate == NTSC
        tags = {Codec.H264: "avc1", Codec.H265: "hvc1", Codec.AV1: "av01", Codec.PRORES: "apch"}
        assert container.streams.video[0].codec_context.codec_tag == tags[codec]
    for index, frame in enumerate(frames):
        assert number_of(frame.to_ndarray(format="rgb24")) == index
        assert frame.pts * frame.time_base == index / NTSC
    assert len(frames) == len(one.times_s)
    marked = read_marking(tmp_path / name)
    assert marked is not None
    assert marked.source_sha256 == marking.source_sha256
    assert not one.folder.exists()


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265])
@pytest.mark.parametrize("stop", [1, LENGTH - 1, LENGTH, LENGTH + 1, 2 * LENGTH, 3 * LENGTH - 1])
def test_interrupted_anywhere_it_ends_as_if_it_had_not_been(
    tmp_path: Path, marking: Marking, stop: int, codec: Codec
) -> None:
    one = film(tmp_path, 3 * LENGTH)
    write(tmp_path / "whole.mp4", marking, one, codec=codec)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "f.mp4", marking, one, codec=codec, stop=stop)
    kept = stop // LENGTH
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["whole.mp4"]
    asked = write(tmp_path / "f.mp4", marking, one, codec=codec)
    assert asked == list(range(kept * LENGTH, 3 * LENGTH))
    assert shown(tmp_path / "f.mp4") == shown(tmp_path / "whole.mp4")
    assert not one.folder.exists()


def test_every_segment_begins_with_a_key_frame_and_leans_on_no_other(
    tmp_path: Path, marking: Marking
) -> None:
    one = film(tmp_path, 2 * LENGTH)
    write(tmp_path / "f.mp4", marking, one)
    with av.open(str(tmp_path / "f.mp4")) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
    keys = [at for at, packet in enumerate(packets) if packet.is_keyframe]
    assert LENGTH in keys
    assert sorted(p.pts for p in packets[:LENGTH])[-1] < packets[LENGTH].pts
    assert all(a.dts < b.dts for a, b in pairwise(packets))


@pytest.mark.parametrize("interrupt", [False, True])
def test_the_sound_is_whole_and_in_time(
    tmp_path: Path, marking: Marking, clip: Callable[..., Path], interrupt: bool
) -> None:
    when = [0.1, 0.7, 1.5]
    sound = clip("s.mp4", frames=50, sounds=[clicks(when, length_s=2.0)])
    one = film(tmp_path, 50)
    if interrupt:
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "f.mp4", marking, one, sound=sound, stop=40)
    write(tmp_path / "f.mp4", marking, one, sound=sound)
    np.testing.assert_allclose(heard(tmp_path / "f.mp4"), heard(sound), atol=0.001)
    with av.open(str(tmp_path / "f.mp4")) as container:
        audio = container.streams.audio[0]
        assert float(audio.duration * audio.time_base) == pytest.approx(2.0, abs=0.03)


def test_segments_of_another_encoder_are_not_joined(tmp_path: Path, marking: Marking) -> None:
    one = film(tmp_path, 2 * LENGTH)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "f.mp4", marking, one, stop=LENGTH + 1, width=128)
    with pytest.raises(OutputError, match="segment 1") as caught:
        write(tmp_path / "f.mp4", marking, one)
    assert str(one.folder) in caught.value.hint
    assert not (tmp_path / "f.mp4").exists()


def worth(names: Iterable[str], count: int, folder: Path) -> set[str]:
    return {name for name in names if film(folder, count).is_worth_it(folder / name)}


def test_only_long_films_in_formats_that_join_are_cut(tmp_path: Path) -> None:
    names = {"a.mp4", "a.MOV", "a.mkv", "a.webm", "a.gif", "a.avi", "folder"}
    assert worth(names, LENGTH, tmp_path) == set()
    assert worth(names, LENGTH + 1, tmp_path) == {"a.mp4", "a.MOV"}
