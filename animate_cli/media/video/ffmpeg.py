"""Uses hardware encoders of an installed ffmpeg executable (extra `ffmpeg`).

Frames go through a pipe into ffmpeg, which writes a file beside the result. Its packets are then
muxed with exact times, sound and the provenance marking, like every output.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from fractions import Fraction

from animate_cli.errors import OptionError, OutputError
from animate_cli.media.container.open_container import open_container, video_stream
from animate_cli.media.output_plan import OutputPlan, VideoWriter
from animate_cli.media.provenance import COMMENT
from animate_cli.media.sound.mux import AudioFeed
from animate_cli.media.target import as_output_error
from animate_cli.media.video.encode import create
from animate_cli.media.video.encoder_frames import EncoderFrames, Timeline
from animate_cli.records import Image

_TAGS = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}
_STDERR_LINES = 3
_LIST_TIMEOUT_S = 30


class PipedWriter(VideoWriter):
    """Encodes with an encoder of the installed ffmpeg."""

    def __init__(self, plan: OutputPlan) -> None:
        super().__init__()
        self._plan = plan
        self._canvas = EncoderFrames(plan)
        self._notes += self._canvas.notes
        self._timeline = Timeline(plan.rate, plan.encoding.suffix)
        self._stamps: list[int] = []
        self._coded = plan.part.with_name(f"{plan.part.name}.mkv")
        command = _command(plan, self._canvas, str(self._coded))
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by abort
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._stderr,
            )
        except OSError as error:
            self._stderr.close()
            raise OptionError(
                f"{command[0]} does not run: {error}", hint="repair it, or leave --encoder out"
            ) from error

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Hand one frame to ffmpeg; see VideoWriter.write."""
        assert self._process.stdin is not None
        raw = self._canvas.frame(pixels).to_ndarray()
        try:
            self._process.stdin.write(raw.data)
        except OSError as error:
            self._process.wait()
            raise self._failure() from error
        self._stamps.append(self._timeline.stamp(time_s))
        self.frames += 1

    def finish(self) -> None:
        """Wait for ffmpeg, then mux its packets with exact times and sound."""
        self._require_frames(self._plan)
        with contextlib.suppress(OSError):
            self._process.communicate()
        if self._process.returncode != 0:
            raise self._failure()
        with as_output_error(self._plan.path):
            self._remux()
        self._notes += self._timeline.notes
        self.abort()

    def abort(self) -> None:
        """End ffmpeg and remove what it wrote."""
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(OSError):
            self._process.communicate()
        self._stderr.close()
        self._coded.unlink(missing_ok=True)

    def _remux(self) -> None:
        plan = self._plan
        shown = self._order()
        delay = max(order - number for order, number in enumerate(shown))
        with ExitStack() as resources:
            source = resources.enter_context(open_container(self._coded))
            coded = video_stream(source, self._coded)
            output = resources.enter_context(create(plan.part))
            output.metadata[COMMENT] = plan.marking.text()
            stream = output.add_stream_from_template(coded, opaque=True)
            feed = AudioFeed.joining(plan, output, resources)
            self._notes += feed.notes if feed else ()
            packets = (packet for packet in source.demux(coded) if packet.size)
            for order, packet in enumerate(packets):
                packet.time_base = self._timeline.time_base
                packet.pts = self._stamp(shown[order])
                packet.dts = self._stamp(order - delay)
                packet.duration = self._timeline.step
                packet.stream = stream
                output.mux(packet)
                if feed:
                    feed.advance(packet.pts * self._timeline.time_base)
            if feed:
                feed.advance(self._timeline.end_s)

    def _order(self) -> list[int]:
        """The number of the frame that each packet holds, in the order of packets.

        ffmpeg stamps frames at a constant rate; B frames may shift the first stamp from 0.
        """
        with open_container(self._coded) as source:
            coded = video_stream(source, self._coded)
            stamps = [packet.pts or 0 for packet in source.demux(coded) if packet.size]
            tick = (coded.time_base or Fraction(1)) * self._plan.rate
        return [round((stamp - min(stamps)) * tick) for stamp in stamps]

    def _stamp(self, number: int) -> int:
        """A frame's time stamp; numbers below 0 count back from the first frame."""
        return self._stamps[number] if number >= 0 else number * self._timeline.step

    def _failure(self) -> OutputError:
        self._stderr.seek(0)
        lines = self._stderr.read().decode("utf-8", "replace").strip().splitlines()
        return OutputError(
            f"{self._plan.path}: ffmpeg's {self._plan.encoding.encoder} failed: "
            f"{' | '.join(lines[-_STDERR_LINES:]) or 'no reason given'}",
            hint="is the hardware there and its driver current? Without --encoder it works on "
            "any machine",
        )


def require_encoder(name: str) -> str:
    """Return the path of an installed ffmpeg that knows this encoder.

    Raises:
        OptionError: the package or the executable is missing, or it has no such encoder.
    """
    if importlib.util.find_spec("ffmpeg") is None:
        raise OptionError(
            "--encoder needs the package ffmpeg-python",
            hint='pip install "animate-cli[ffmpeg]", or leave --encoder out',
        )
    executable = shutil.which("ffmpeg")
    if executable is None:
        raise OptionError(
            "--encoder needs an ffmpeg executable, and none is on the PATH",
            hint="install ffmpeg, or leave --encoder out: the built-in encoders need nothing",
        )
    known = _encoders(executable)
    if name not in known:
        family = name.split("_")[0]
        near = ", ".join(n for n in known if n.split("_")[0] == family) or "none of that family"
        raise OptionError(f"{executable} has no encoder {name!r}", hint=f"it has: {near}")
    return executable


def _encoders(executable: str) -> list[str]:
    """Names of an executable's video encoders, from its own list."""
    try:
        listed = subprocess.run(
            [executable, "-hide_banner", "-encoders"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIST_TIMEOUT_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise OptionError(
            f"{executable} does not run: {error}", hint="repair it, or leave --encoder out"
        ) from error
    rows = [line.split() for line in listed.splitlines()]
    return [row[1] for row in rows if len(row) > 1 and row[0].startswith("V")]


def _command(plan: OutputPlan, canvas: EncoderFrames, output: str) -> list[str]:
    """The command line as a list; it is run without a shell."""
    executable = require_encoder(plan.encoding.encoder)
    import ffmpeg

    source = ffmpeg.input(
        "pipe:",
        format="rawvideo",
        pix_fmt=plan.encoding.pixel_format,
        s=f"{canvas.width}x{canvas.height}",
        framerate=f"{plan.rate.numerator}/{plan.rate.denominator}",
    )
    coded = ffmpeg.output(
        source,
        output,
        format="matroska",
        vcodec=plan.encoding.encoder,
        color_range="tv",
        **_TAGS,
        **plan.encoding.settings,
    )
    program, *words = [str(word) for word in ffmpeg.compile(coded, cmd=executable)]
    return [program, "-v", "error", "-nostats", *words]
