"""`animate eval`: score models on clips, beside the still photo and the thin plate spline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options, takes_record
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.errors import OptionError
from animate_cli.evaluate.protocol import Protocol, Scheme, apply_scheme
from animate_cli.options import Options

if TYPE_CHECKING:
    from animate_cli.evaluate.report.gallery import Gallery
    from animate_cli.evaluate.result import Result

_PROTOCOL_FLAGS = {
    "stride": typer.Option("--stride", min=1, help="Score every n-th frame."),
    "cap": typer.Option("--cap", min=0, help="Use the first N frames of each clip; 0: all."),
    "limit": typer.Option("--limit", min=0, help="Use N clips or pairs of clips; 0: all."),
    "reswarp": typer.Option(
        "--reswarp", help="How the photo's fine detail is warped onto the result."
    ),
    "registration": typer.Option(
        "--registration",
        help="Correct the driver's landmarks by comparing each frame with the first.",
    ),
    "pairs": typer.Option("--pairs", min=1, help="Use at most N random pairs of clips."),
}

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        help="A video, a folder of videos, a folder with a manifest.csv, or a public data set.",
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL[:WEIGHTS]",
        help="A model to score; after a colon, other weights: a name of `animate weights list` or "
        "a .safetensors file. May be repeated. The still photo and thin_plate are always scored.",
    ),
]
Landmarks = Annotated[
    list[str] | None,
    typer.Option(
        "--landmarks",
        metavar="WEIGHTS",
        help="Score landmark networks against the data's labels instead: a name of "
        "`animate weights list` or a .safetensors file. May be repeated.",
    ),
]
SplitName = Annotated[
    str, typer.Option("--split", help="The split to use, where the data has splits; all: every.")
]
ProtocolName = Annotated[
    Scheme,
    typer.Option(
        "--protocol",
        help="Which clip drives which face. self: a clip drives its own first frame; self-random: "
        "a random frame of its own; cross: a clip drives another person's first frame, in random "
        "pairs; cross-all: in all pairs; cross-frontal: in pairs that start with similar frontal "
        "faces; landmark-driven: self, by the labels beside the clip; expression-driven: cross, by "
        "the expression alone.",
    ),
]
MetricWeights = Annotated[
    Path | None,
    typer.Option(
        "--metric-weights",
        metavar="DIR",
        help="A folder with the networks that some metrics need; without it these are left out.",
    ),
]
Sheets = Annotated[
    Path | None,
    typer.Option("--sheets", metavar="DIR", help="Write a contact sheet of every clip here."),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write a web page with charts and pictures."),
]


@takes_options("compute", "output.overwrite")
@takes_json
@takes_record("protocol", Protocol, _PROTOCOL_FLAGS)
def evaluate(
    *,
    data: Data,
    models: Models = None,
    landmarks: Landmarks = None,
    split: SplitName = "val",
    scheme: ProtocolName = Scheme.SELF,
    protocol: Protocol,
    metric_weights: MetricWeights = None,
    sheets: Sheets = None,
    html_file: HtmlFile = None,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """Score models on clips, beside the still photo and the thin plate spline."""
    from animate_cli.cli.score_table import show_scores
    from animate_cli.media.target import check_target

    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite, others=(data, html_file, sheets))
    if html_file is not None:
        check_target(html_file, overwrite=overwrite)
    chosen = apply_scheme(scheme, replace(protocol, seed=options.compute.seed))
    if landmarks:
        if models or sheets or html_file:
            raise OptionError(
                "--landmarks goes with neither --model, --sheets nor --html",
                hint="run animate eval once for landmark networks, once for models",
            )
        _score_landmarks(landmarks, data, split, chosen, metric_weights, options, json_output)
        return
    result = _score_models(
        models or [],
        data,
        split,
        chosen,
        options,
        metric_weights=metric_weights,
        sheets=sheets,
        html_file=html_file,
        on_result=lambda done: json_output.write(done.to_json(), overwrite=overwrite),
    )
    if not json_output.on_stdout:
        show_scores(result)


def _score_landmarks(
    names: list[str],
    data: Path,
    split: str,
    protocol: Protocol,
    metric_weights: Path | None,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """Score landmark networks and report them."""
    from animate_cli.cli.landmark_scores import score_landmarks
    from animate_cli.device import open_device

    device = str(open_device(options.compute))
    table = score_landmarks(
        names, data, split, protocol, metric_weights=metric_weights, device=device
    )
    json_output.write(table.json(), overwrite=options.output.overwrite)
    if not json_output.on_stdout:
        console.result(table.text())


def _score_models(
    models: list[str],
    data: Path,
    split: str,
    protocol: Protocol,
    options: Options,
    *,
    metric_weights: Path | None,
    sheets: Path | None,
    html_file: Path | None,
    on_result: Callable[[Result], None],
) -> Result:
    """Score models and write contact sheets and the page.

    on_result: called before the page is written, so that the scores are safe if that fails.
    """
    from animate_cli.cli.console_observer import ConsoleObserver
    from animate_cli.device import open_device
    from animate_cli.evaluate.clips.candidate import read_candidates
    from animate_cli.evaluate.clips.choose_pairs import choose_pairs
    from animate_cli.evaluate.clips.clip_pairs import read_clips
    from animate_cli.evaluate.clips.clip_tracker import ClipTracker
    from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
    from animate_cli.evaluate.report.gallery import Gallery
    from animate_cli.evaluate.runner.evaluate import evaluate as run
    from animate_cli.evaluate.runner.observer import EvaluationObserver, EvaluationObservers

    overwrite = options.output.overwrite
    clips, candidates = read_clips(data, split), read_candidates(models)
    device = open_device(options.compute)
    tracker = ClipTracker(options.compute)
    with TemporaryDirectory() as folder:
        pairs = choose_pairs(
            clips,
            protocol,
            tracker,
            on_left_out=lambda path: console.warn(f"{path} has no {protocol.start} frame"),
        )
        on_console = ConsoleObserver(pairs, candidates, protocol, sheets, overwrite=overwrite)
        gallery = Gallery(Path(folder), candidates, protocol)
        result = run(
            candidates,
            pairs,
            load_evaluators(metric_weights, device=str(device)),
            protocol=protocol,
            data=data,
            split=split,
            compute=options.compute,
            observer=EvaluationObservers(
                on_console, gallery if html_file else EvaluationObserver()
            ),
            tracker=tracker,
        )
        for one in result.skipped:
            console.warn(f"{one.name} is not scored: {one.reason}")
        on_result(result)
        if html_file is not None:
            _write_page(html_file, result, gallery, overwrite=overwrite)
    return result


def _write_page(file: Path, result: Result, gallery: Gallery, *, overwrite: bool) -> None:
    from animate_cli.evaluate.report.html_page import page
    from animate_cli.media.target import replacing

    with replacing(file, overwrite=overwrite) as part:
        part.write_text(page(result, gallery), encoding="utf-8")
    console.info(f"page: {file}")
