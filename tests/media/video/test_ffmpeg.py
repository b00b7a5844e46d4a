"""Hardware encoders: a stand-in executable shows the whole way, its absence the errors.

The stand-in answers `-encoders` and encodes its pipe with x264, display reordering included.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
import types
from fractions import Fraction
from pathlib import Path

import pytest
from clips import clicks, heard, make_clip, number_of, picture

from animate_cli.errors import OptionError, OutputError
from animate_cli.media.audio_plan import plan_audio
from animate_cli.media.codecs import encoding_for
from animate_cli.media.input_file import open_input
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.video import ffmpeg
from animate_cli.media.writer import open_writer
from animate_cli.options import OutputOptions, ReadOptions

TIMES = [Fraction(t, 1000) for t in (0, 40, 80, 200, 240, 300, 360, 400, 440, 480)]
STAND_IN = """#!{python}
import sys
from fractions import Fraction
import av
import numpy as np

words = sys.argv[1:]
if "-encoders" in words:
    print(" V..... = Video\\n V....D h264_nvenc   NVIDIA\\n V....D h264_qsv  Intel")
    sys.exit(0)
if {fails}:
    sys.stderr.write("Cannot load libcuda.so.1\\n")
    sys.exit(1)
width, height = map(int, words[words.index("-s") + 1].split("x"))
rate = Fraction(words[words.index("-framerate") + 1])
with av.open(words[-1], "w", format="matroska") as container:
    stream = container.add_stream("libx264", rate=rate)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.codec_context.time_base = 1 / rate
    size = width * height * 3 // 2
    count = 0
    while len(raw := sys.stdin.buffer.read(size)) == size:
        planes = np.frombuffer(raw, np.uint8).reshape(height * 3 // 2, width)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, count = count, count + 1
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
"""


def package() -> types.ModuleType:
    """The three calls of ffmpeg-python that are used, for machines without it."""
    module = types.ModuleType("ffmpeg")
    module.__spec__ = importlib.machinery.ModuleSpec("ffmpeg", None)

    def options(wishes: dict[str, str]) -> list[str]:
        return [word for key, value in wishes.items() for word in (f"-{key}", value)]

    module.input = lambda url, **wishes: [*options(wishes), "-i", url]
    module.output = lambda words, url, **wishes: [*words, *options(wishes), url]
    module.compile = lambda words, cmd: [cmd, *words]
    return module


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH with the stand-in, and the package."""
    if os.name == "nt":
        pytest.skip("the stand-in is a script")
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "ffmpeg"
    script.write_text(STAND_IN.format(python=sys.executable, fails=False))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    if importlib.util.find_spec("ffmpeg") is None:
        monkeypatch.setitem(sys.modules, "ffmpeg", package())
    return script


def write(path: Path, marking: Marking, encoder: str, sound: Path | None = None) -> None:
    audio = plan_audio("driver", driver=open_input(sound)) if sound else None
    options = OutputOptions(encoder=encoder)
    with open_writer(
        path,
        width=95,
        height=64,
        rate=Fraction(20),
        options=options,
        marking=marking,
        audio=audio,
    ) as writer:
        for index, time in enumerate(TIMES):
            writer.write(picture(index, width=95), time)
    assert any("padded" in note for note in writer.notes)


def test_frames_times_sound_and_marking(tmp_path: Path, marking: Marking, installed: Path) -> None:
    driver = make_clip(tmp_path / "d.mp4", sounds=[clicks([0.25], length_s=0.8)])
    path = tmp_path / "o.mp4"
    write(path, marking, "h264_nvenc", driver)
    with open_driver(path, ReadOptions()) as reader:
        frames = list(reader)
    assert [number_of(f.pixels) for f in frames] == list(range(10))
    assert [f.time_s for f in frames] == TIMES
    assert read_marking(path) == marking
    assert abs(heard(path)[0] - 0.25) < 0.004
    assert {p.name for p in tmp_path.iterdir()} == {"bin", "d.mp4", "o.mp4"}


def test_a_failing_encoder_speaks_and_leaves_nothing(
    tmp_path: Path, marking: Marking, installed: Path
) -> None:
    installed.write_text(STAND_IN.format(python=sys.executable, fails=True))
    with pytest.raises(OutputError, match=r"Cannot load libcuda\.so\.1"):
        write(tmp_path / "o.mp4", marking, "h264_nvenc")
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


def test_an_unknown_encoder_names_its_family(
    tmp_path: Path, marking: Marking, installed: Path
) -> None:
    with pytest.raises(OptionError) as caught:
        write(tmp_path / "o.mp4", marking, "h264_amf")
    assert "h264_nvenc, h264_qsv" in caught.value.hint
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


@pytest.mark.usefixtures("installed")
def test_a_missing_executable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OptionError, match="none is on the PATH"):
        ffmpeg.require_encoder("h264_nvenc")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match="ffmpeg-python"):
        ffmpeg.require_encoder("h264_nvenc")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("o.mp4", OutputOptions(encoder="libx264")),
        ("o.webm", OutputOptions(encoder="h264_nvenc")),
        ("o.mp4", OutputOptions(encoder="h264_amf", crf=20)),
    ],
)
def test_impossible_wishes(name: str, options: OutputOptions) -> None:
    with pytest.raises(OptionError):
        encoding_for(Path(name), options)


def test_crf_becomes_the_encoders_own_quality() -> None:
    chosen = encoding_for(Path("o.mp4"), OutputOptions(encoder="hevc_nvenc", crf=21, preset="p5"))
    assert chosen.settings == {"cq": "21", "preset": "p5"}
