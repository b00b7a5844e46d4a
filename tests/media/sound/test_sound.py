"""Sound lands where the picture is, in every container."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from clips import clicks, heard
from writing import even, write

from animate_cli.errors import MediaError
from animate_cli.media.container.probe import probe
from animate_cli.media.input_file import open_input
from animate_cli.media.provenance import Marking
from animate_cli.media.reader import open_driver
from animate_cli.media.sound.mux import plan_audio
from animate_cli.media.writer import open_writer
from animate_cli.options import Codec, OutputOptions, ReadOptions

Clip = Callable[..., Path]

SOUNDS = [
    ("o.mp4", Codec.H264, "aac"),
    ("o.mov", Codec.H264, "aac"),
    ("o.mkv", Codec.H264, "aac"),
    ("o.avi", Codec.H264, "pcm_s16le"),
    ("o.webm", Codec.AV1, "opus"),
]


@pytest.mark.parametrize(("name", "codec", "audio_codec"), SOUNDS)
@pytest.mark.parametrize("start", [Fraction(0), Fraction(13, 25), Fraction(1013, 1000)])
def test_sound_stays_with_the_picture(
    clip: Clip,
    tmp_path: Path,
    marking: Marking,
    name: str,
    codec: Codec,
    audio_codec: str,
    start: Fraction,
) -> None:
    times = [0.2, 0.8, 1.4, 2.2]
    driver = clip("d.mp4", frames=62, sounds=[clicks(times, length_s=2.48)])
    copy_with_sound(driver, tmp_path / name, marking, codec, start)
    first_s = float(-(-start * 25 // 1) / 25)
    info = probe(tmp_path / name)
    assert info.audio[0].codec == audio_codec
    begin_s = video_begin_s(tmp_path / name)
    wanted = [t - first_s for t in times if t > first_s + 0.05]
    found = [t - begin_s for t in heard(tmp_path / name) if t - begin_s > 0.03]
    assert len(found) == len(wanted)
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 0.004
    assert abs(audible_end_s(tmp_path / name) - begin_s - (2.48 - first_s)) < 0.04


def copy_with_sound(
    driver: Path, path: Path, marking: Marking, codec: Codec, start: Fraction
) -> None:
    options = ReadOptions(start_s=start)
    plan = plan_audio("driver", driver=open_input(driver), start_s=start)
    with open_driver(driver, options) as reader:
        with open_writer(
            path,
            width=96,
            height=64,
            rate=reader.info.rate,
            options=OutputOptions(codec=codec),
            marking=marking,
            audio=plan,
        ) as writer:
            for frame in reader:
                writer.write(frame.pixels, frame.time_s)
        assert plan is not None
        assert plan.start_s == reader.origin_s


def video_begin_s(path: Path) -> float:
    with av.open(str(path)) as container:
        if container.format.name == "avi":
            return 0.0
        return min(float(f.time) for f in container.decode(video=0))


def audible_end_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return max(
            float(f.pts * f.time_base) + f.samples / f.sample_rate
            for f in container.decode(audio=0)
            if f.pts is not None
        )


def test_late_sound_stays_late(clip: Clip, tmp_path: Path, marking: Marking) -> None:
    """A driver whose sound begins after its picture, as a phone may record it."""
    plain = clip("p.mp4", frames=40, sounds=[clicks([0.3], length_s=0.9)])
    late = tmp_path / "late.mov"
    with av.open(str(plain)) as source, av.open(str(late), "w") as output:
        streams = {s.index: output.add_stream_from_template(s, opaque=True) for s in source.streams}
        for packet in source.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "audio":
                packet.pts += 22050
                packet.dts += 22050
            packet.stream = streams[packet.stream.index]
            output.mux(packet)
    copy_with_sound(late, tmp_path / "o.mp4", marking, Codec.H264, Fraction(0))
    copy_with_sound(late, tmp_path / "o.webm", marking, Codec.AV1, Fraction(0))
    for name in ("o.mp4", "o.webm"):
        assert abs(heard(tmp_path / name)[0] - heard(late)[0]) < 0.004
    assert abs(heard(late)[0] - 0.8) < 0.03


def test_the_default_track_is_taken_and_told(clip: Clip, tmp_path: Path) -> None:
    sounds = [clicks([0.1], length_s=0.8), clicks([0.5], length_s=0.8)]
    driver = clip("d.mkv", sounds=sounds)
    plan = plan_audio("driver", driver=open_input(driver))
    assert plan is not None
    assert plan.track == 0
    assert "2 audio tracks: number 1 is used" in plan.notes


def test_sound_from_a_file_starts_with_the_result(
    clip: Clip, tmp_path: Path, marking: Marking
) -> None:
    sound = clip("s.mp4", sounds=[clicks([0.25], length_s=0.8)])
    plan = plan_audio(str(sound), driver=None, start_s=Fraction(5))
    write(tmp_path / "o.mp4", marking, even(10), audio=plan)
    assert abs(heard(tmp_path / "o.mp4")[0] - 0.25) < 0.004
    assert audible_end_s(tmp_path / "o.mp4") < 0.4 + 0.04


def test_no_sound_is_no_error(clip: Clip) -> None:
    assert plan_audio("driver", driver=open_input(clip("silent.mp4"))) is None
    assert plan_audio("none", driver=None) is None
    assert plan_audio("driver", driver=None) is None


def test_missing_sound_is_told_before_the_work(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        plan_audio(str(tmp_path / "no.wav"), driver=None)
    with pytest.raises(MediaError, match="holds no sound"):
        plan_audio(str(clip("silent.mp4")), driver=None)
