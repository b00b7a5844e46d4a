"""`animate bench`: how long each stage of the main job takes on this machine.

Times vary on shared machines. Each round also measures two references: decoding and
encoding the result's own frames with the same codec, preset and threads, and one bilinear
`grid_sample` of 1024 x 1024 x 3. Medians over the rounds are printed.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.flags import SECTIONS
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.errors import OptionError
from animate_cli.options import Engine, Options

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from animate_cli.report import Report, Timing

ROUNDS = 3
SAMPLE = 1024


@dataclass(frozen=True, kw_only=True)
class BenchmarkResult:
    """Medians over the rounds; milliseconds are per frame.

    fps: of the whole job, tracking included; render_fps: of pass 2 alone;
    transcode_fps: the reference; ratio: render_fps / transcode_fps.
    """

    width: int
    height: int
    frames: int
    rounds: int
    engine: Engine
    fps: float
    render_fps: float
    transcode_fps: float
    ratio: float
    grid_sample_ms: float
    stages: tuple[tuple[str, float], ...]


@takes_options(*SECTIONS)
@takes_json
def bench(
    *,
    options: Options,
    source: Annotated[
        Path | None, typer.Argument(help="A photo. Default: the example of a source checkout.")
    ] = None,
    driver: Annotated[
        Path | None,
        typer.Option("--driver", "-d", help="A video. Default: the example of a source checkout."),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds", min=1, help="How many rounds to measure; the medians are printed."
        ),
    ] = ROUNDS,
    json_output: JsonOutput,
) -> None:
    """Measure the speed of each stage of `animate run` on this machine."""
    chosen = source or _example("portrait.png"), driver or _example("driver.mp4")
    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite, others=chosen)
    measured = measure(*chosen, options=options, rounds=rounds)
    json_output.write(json.dumps(asdict(measured), indent=2), overwrite=overwrite)
    if not json_output.on_stdout:
        _print(measured)


def _print(measured: BenchmarkResult) -> None:
    console.result(
        f"{measured.frames} frames of {measured.width}x{measured.height}, engine {measured.engine}"
    )
    console.result(f"whole job          {measured.fps:8.1f} frames/s")
    console.result(f"render pass        {measured.render_fps:8.1f} frames/s")
    console.result(f"decode + encode    {measured.transcode_fps:8.1f} frames/s (reference)")
    console.result(f"render / reference {measured.ratio:8.2f}")
    console.result(f"grid_sample {SAMPLE}²  {measured.grid_sample_ms:8.1f} ms (reference)")
    for stage, milliseconds in measured.stages:
        console.result(f"  {stage:<17}{milliseconds:8.2f} ms/frame")


def measure(source: Path, driver: Path, *, options: Options, rounds: int) -> BenchmarkResult:
    """Run the main job and its references `rounds` times."""
    from animate_cli.media.codecs import RECIPES
    from animate_cli.pipeline import Animator

    animator = Animator(replace(options, output=replace(options.output, overwrite=True)))
    reports, transcodes, samples = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        suffix = RECIPES[options.output.codec].suffixes[0]
        output = Path(folder) / f"bench{suffix}"
        for number in range(rounds):
            console.info(f"round {number + 1} of {rounds}")
            reports.append(animator.animate(source, driver, output))
            transcodes.append(transcode_s(output, Path(folder) / f"again{suffix}", options))
            samples.append(grid_sample_s())
    return _summary(reports, transcodes, samples)


def transcode_s(video: Path, again: Path, options: Options) -> float:
    """Seconds to decode a video and encode it again with the same settings, by PyAV alone."""
    import av

    from animate_cli.device import thread_count
    from animate_cli.media.codecs import encoding_for

    encoding = encoding_for(again, options.output)
    begun = time.perf_counter()
    with av.open(str(video)) as reader, av.open(str(again), "w") as writer:
        source = reader.streams.video[0]
        source.thread_type = "AUTO"
        stream = cast("VideoStream", writer.add_stream(encoding.encoder, source.average_rate))
        stream.width, stream.height = source.width, source.height
        stream.pix_fmt = encoding.pixel_format
        stream.codec_context.thread_count = thread_count(options.compute.threads)
        stream.options = {**encoding.settings}
        for frame in reader.decode(source):
            frame.pts = None
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())
    return time.perf_counter() - begun


def grid_sample_s() -> float:
    """Median seconds of one bilinear warp of a 1024 x 1024 x 3 image."""
    import torch

    from animate_cli.layers.grid import identity_grid, warp

    image = torch.rand(1, 3, SAMPLE, SAMPLE)
    grid = identity_grid(SAMPLE, SAMPLE)
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        warp(image, grid)
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def _summary(
    reports: Sequence[Report], transcodes: Sequence[float], samples: Sequence[float]
) -> BenchmarkResult:
    frames = reports[0].frames
    transcode_fps = statistics.median(frames / seconds for seconds in transcodes)
    return BenchmarkResult(
        width=reports[0].width,
        height=reports[0].height,
        frames=frames,
        rounds=len(reports),
        engine=reports[0].engine,
        fps=statistics.median(frames / report.elapsed_s for report in reports),
        render_fps=statistics.median(report.fps for report in reports),
        transcode_fps=transcode_fps,
        ratio=statistics.median(
            report.fps * seconds / frames
            for report, seconds in zip(reports, transcodes, strict=True)
        ),
        grid_sample_ms=1000 * statistics.median(samples),
        stages=tuple(
            (timing.stage, 1000 * _median_s(timing, reports) / frames)
            for timing in reports[0].timings
        ),
    )


def _median_s(timing: Timing, reports: Sequence[Report]) -> float:
    return statistics.median(
        one.seconds for report in reports for one in report.timings if one.stage == timing.stage
    )


def _example(name: str) -> Path:
    """A file of examples/, which only a source checkout has beside the package."""
    path = Path(__file__).resolve().parents[2] / "examples" / name
    if path.is_file():
        return path
    hint = "give a photo and a video: animate bench PHOTO --driver VIDEO"
    raise OptionError("the examples are not installed with the package", hint=hint)
