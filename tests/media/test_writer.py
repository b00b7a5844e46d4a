"""Written files hold the frames, times, colours and sound that were asked for, or do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import clicks, heard, number_of, picture

from animate_cli.errors import MediaError, OptionError, OutputError
from animate_cli.media.codecs import encoding_for
from animate_cli.media.mux import AudioPlan, plan_audio
from animate_cli.media.probe import probe
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.writer import VideoWriter, open_writer
from animate_cli.options import Codec, OutputOptions, ReadOptions

Clip = Callable[..., Path]
PAIRS = [
    ("o.mp4", Codec.H264),
    ("o.mov", Codec.H264),
    ("o.mkv", Codec.H264),
    ("o.avi", Codec.H264),
    ("o.mp4", Codec.H265),
    ("o.mp4", Codec.AV1),
    ("o.webm", Codec.AV1),
    ("o.mov", Codec.PRORES),
    ("o.gif", Codec.H264),
    ("o", Codec.PNG),
]


def write(
    path: Path,
    marking: Marking,
    times: Iterable[Fraction],
    *,
    rate: Fraction = Fraction(25),
    codec: Codec = Codec.H264,
    audio: AudioPlan | None = None,
    width: int = 96,
    height: int = 64,
    threads: int = 1,
    overwrite: bool = False,
    inputs: tuple[Path, ...] = (),
    draw: Callable[..., np.ndarray] = picture,
) -> VideoWriter:
    options = OutputOptions(codec=codec, overwrite=overwrite)
    with open_writer(
        path,
        width=width,
        height=height,
        rate=rate,
        options=options,
        marking=marking,
        audio=audio,
        inputs=inputs,
        threads=threads,
    ) as writer:
        for index, time in enumerate(times):
            writer.write(draw(index, width=width, height=height), time)
    return writer


def even(count: int, rate: Fraction = Fraction(25)) -> list[Fraction]:
    return [Fraction(n) / rate for n in range(count)]


@pytest.mark.parametrize(("name", "codec"), PAIRS)
def test_frames_come_back_in_number_order_and_time(
    tmp_path: Path, marking: Marking, name: str, codec: Codec
) -> None:
    times = even(14)
    writer = write(tmp_path / name, marking, times, codec=codec)
    assert writer.frames == 14
    with open_driver(tmp_path / name, ReadOptions()) as reader:
        frames = list(reader)
    assert [number_of(f.pixels) for f in frames] == list(range(14))
    assert [f.time_s for f in frames] == times
    duration = reader.info.duration_s
    assert duration is not None
    assert abs(duration - Fraction(14, 25)) <= Fraction(1, 25)
    assert read_marking(tmp_path / name) == marking


@pytest.mark.parametrize("name", ["o.mp4", "o.mov", "o.mkv"])
@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(12)])
def test_rational_rates_are_kept(
    tmp_path: Path, marking: Marking, name: str, rate: Fraction
) -> None:
    write(tmp_path / name, marking, even(12, rate), rate=rate)
    assert probe(tmp_path / name).rate == rate


@pytest.mark.parametrize("name", ["o.mp4", "o.mkv"])
def test_uneven_times_are_kept(tmp_path: Path, marking: Marking, name: str) -> None:
    times = [Fraction(t, 1000) for t in (0, 33, 70, 200, 210, 400)]
    write(tmp_path / name, marking, times, rate=Fraction(15))
    with open_driver(tmp_path / name, ReadOptions()) as reader:
        found = [f.time_s for f in reader]
    assert reader.info.is_variable
    for time, expected in zip(found, times, strict=True):
        assert abs(time - expected) <= Fraction(1, 90_000)


def test_avi_says_that_it_evens_times_out(tmp_path: Path, marking: Marking) -> None:
    times = [Fraction(t, 1000) for t in (0, 33, 70, 500, 510, 600)]
    writer = write(tmp_path / "o.avi", marking, times, rate=Fraction(10))
    assert any("constant rate" in note for note in writer.notes)


def test_odd_sizes_are_padded_at_the_edge_and_told(tmp_path: Path, marking: Marking) -> None:
    writer = write(tmp_path / "o.mp4", marking, even(3), width=97, height=65)
    assert any("97 x 65 padded to 98 x 66" in note for note in writer.notes)
    with open_driver(tmp_path / "o.mp4", ReadOptions()) as reader:
        pixels = next(iter(reader)).pixels.astype(int)
    assert pixels.shape == (66, 98, 3)
    assert np.abs(pixels[:, 97] - pixels[:, 96]).max() < 8
    assert np.abs(pixels[65] - pixels[64]).max() < 8


@pytest.mark.parametrize("codec", [Codec.H264, Codec.PRORES])
def test_colour_tags_are_written_and_true(tmp_path: Path, marking: Marking, codec: Codec) -> None:
    path = tmp_path / "o.mov"
    colour = np.array([200, 60, 120], np.uint8)
    with open_writer(
        path,
        width=32,
        height=32,
        rate=Fraction(25),
        options=OutputOptions(codec=codec, crf=1 if codec is Codec.H264 else None),
        marking=marking,
    ) as writer:
        writer.write(np.full((32, 32, 3), colour), Fraction(0))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
        assert (frame.color_primaries, frame.color_trc) == (1, 1)
        deep = frame.format.components[0].bits == 10
        dtype, scale = (np.uint16, 4) if deep else (np.uint8, 1)
        stored = [np.frombuffer(plane, dtype)[0] / scale for plane in frame.planes]
    kr, kb = 0.2126, 0.0722
    red, green, blue = colour / 255
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    assert abs(stored[0] - (16 + 219 * luma)) <= 1.5
    assert abs(stored[1] - (128 + 224 * (blue - luma) / (2 - 2 * kb))) <= 1.5
    assert abs(stored[2] - (128 + 224 * (red - luma) / (2 - 2 * kr))) <= 1.5


def test_same_input_and_threads_give_the_same_bytes(tmp_path: Path, marking: Marking) -> None:
    for name in ("1.mp4", "2.mp4", "1.mkv", "2.mkv"):
        write(tmp_path / name, marking, even(8), threads=2)
    assert (tmp_path / "1.mp4").read_bytes() == (tmp_path / "2.mp4").read_bytes()
    assert (tmp_path / "1.mkv").read_bytes() == (tmp_path / "2.mkv").read_bytes()


@pytest.mark.parametrize("codec", [Codec.H264, Codec.H265, Codec.AV1])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_clips(tmp_path: Path, marking: Marking, codec: Codec, count: int) -> None:
    write(tmp_path / "o.mp4", marking, even(count), codec=codec)
    with open_driver(tmp_path / "o.mp4", ReadOptions()) as reader:
        assert [f.time_s for f in reader] == even(count)


def test_h265_is_tagged_for_apple(tmp_path: Path, marking: Marking) -> None:
    write(tmp_path / "o.mp4", marking, even(2), codec=Codec.H265)
    assert b"hvc1" in (tmp_path / "o.mp4").read_bytes()


@pytest.mark.parametrize(
    ("name", "options", "works"),
    [
        ("o.webm", OutputOptions(), "av1"),
        ("o.mp4", OutputOptions(codec=Codec.PRORES), ".mov"),
        ("o.png", OutputOptions(codec=Codec.PNG), "without suffix"),
        ("o.xyz", OutputOptions(), ".mp4"),
        ("o.gif", OutputOptions(codec=Codec.AV1), ".webm"),
        ("o.mp4", OutputOptions(crf=60), "51"),
        ("o.mp4", OutputOptions(preset="quick"), "veryfast"),
        ("o.mov", OutputOptions(codec=Codec.PRORES, crf=5), "--crf"),
    ],
)
def test_impossible_wishes_name_what_works(name: str, options: OutputOptions, works: str) -> None:
    with pytest.raises(OptionError) as caught:
        encoding_for(Path(name), options)
    assert works in caught.value.hint


@pytest.mark.parametrize(("name", "codec"), [("o.mp4", Codec.H264), ("o", Codec.PNG)])
def test_an_interrupt_leaves_nothing(
    tmp_path: Path, marking: Marking, name: str, codec: Codec
) -> None:
    def interrupted() -> Iterator[Fraction]:
        yield Fraction(0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / name, marking, interrupted(), codec=codec)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_kept_unless_told(tmp_path: Path, marking: Marking) -> None:
    path = tmp_path / "o.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write(path, marking, even(2))
    assert path.read_bytes() == b"mine"
    write(path, marking, even(2), overwrite=True)
    assert probe(path).frames == 2
    assert [p.name for p in tmp_path.iterdir()] == ["o.mp4"]


def test_a_folder_of_someone_elses_files_is_never_replaced(
    tmp_path: Path, marking: Marking
) -> None:
    folder = tmp_path / "o"
    write(folder, marking, even(3), codec=Codec.PNG)
    write(folder, marking, even(2), codec=Codec.PNG, overwrite=True)
    assert len(list(folder.iterdir())) == 2
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="other files"):
        write(folder, marking, even(2), codec=Codec.PNG, overwrite=True)
    assert (folder / "letter.txt").exists()


def test_the_input_is_never_overwritten(clip: Clip, marking: Marking) -> None:
    path = clip("a.mp4")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="the input itself"):
        write(path, marking, even(2), overwrite=True, inputs=(path,))
    assert path.read_bytes() == before


def test_a_missing_folder_is_refused(tmp_path: Path, marking: Marking) -> None:
    with pytest.raises(OutputError, match="not a folder"):
        write(tmp_path / "no" / "o.mp4", marking, even(2))


def test_a_size_the_codec_cannot_do_is_told_in_its_words(tmp_path: Path, marking: Marking) -> None:
    with pytest.raises(OutputError, match="libsvtav1 cannot encode 2 x 2"):
        write(tmp_path / "o.mp4", marking, even(1), codec=Codec.AV1, width=2, height=2)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def little_room() -> Iterator[None]:
    """No file grows beyond 20 kB, as on a disk that is nearly full."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(index: int, *, width: int, height: int) -> np.ndarray:
    """A frame that no codec makes small."""
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize(
    ("name", "codec"),
    [("o.mp4", Codec.H264), ("o.mkv", Codec.H264), ("o.mov", Codec.PRORES), ("o", Codec.PNG)],
)
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, marking: Marking, name: str, codec: Codec
) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / name, marking, even(9), codec=codec, width=256, height=256, draw=noise)
    assert list(tmp_path.iterdir()) == []


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
    plan = plan_audio("driver", driver=driver, start_s=start)
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
    plan = plan_audio("driver", driver=driver)
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
    assert plan_audio("driver", driver=clip("silent.mp4")) is None
    assert plan_audio("none", driver=None) is None
    assert plan_audio("driver", driver=None) is None


def test_missing_sound_is_told_before_the_work(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        plan_audio(str(tmp_path / "no.wav"), driver=None)
    with pytest.raises(MediaError, match="holds no sound"):
        plan_audio(str(clip("silent.mp4")), driver=None)
