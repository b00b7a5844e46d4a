"""Written files hold the frames, times, colours and sound that were asked for, or do not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from clips import number_of
from writing import even, write

from animate_cli.errors import OptionError, OutputError
from animate_cli.media.codecs import encoding_for
from animate_cli.media.container.probe import probe
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.writer import open_writer
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
