"""`animate eval`: score models on data, beside the still source and the thin plate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.flags import takes_options, takes_record
from animate_cli.errors import OptionError
from animate_cli.evaluate.protocol import Protocol, Scheme, of_scheme
from animate_cli.options import Options

_FLAGS = {
    "stride": typer.Option("--stride", min=1, help="Score every n-th frame."),
    "cap": typer.Option("--cap", min=0, help="Use so many frames of each clip; 0: all."),
    "limit": typer.Option("--limit", min=0, help="Try so many clips or pairs; 0: all."),
    "reswarp": typer.Option("--reswarp", help="How models bring detail to full resolution."),
    "registration": typer.Option(
        "--registration", help="Whether drivers' points are registered between frames."
    ),
    "pairs": typer.Option("--pairs", min=1, help="Most pairs that are drawn."),
}


@takes_options("compute", "output.overwrite")
@takes_record("protocol", Protocol, _FLAGS)
def evaluate(
    *,
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            help="A folder with a manifest.csv, of a public data set, of videos, or a video.",
        ),
    ],
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="MODEL[:WEIGHTS]",
            help="Whom to score: a model, or one with a registered name or .safetensors file "
            "as weights. Repeatable; the still source and thin_plate are always there.",
        ),
    ] = None,
    landmarks: Annotated[
        list[str] | None,
        typer.Option(
            "--landmarks",
            metavar="WEIGHTS",
            help="Score landmark networks against the data's labels instead: a registered name "
            "or a .safetensors file. Repeatable.",
        ),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Of a folder with a manifest.")] = "val",
    scheme: Annotated[
        Scheme,
        typer.Option(
            "--protocol",
            help="A clip drives its own first frame, or a random one; or other people's: pairs "
            "that are drawn, all, or such as start frontal and alike; the labels beside a clip "
            "drive it; or others give their expression alone.",
        ),
    ] = Scheme.SELF,
    protocol: Protocol,
    metric_weights: Annotated[
        Path | None,
        typer.Option("--metric-weights", metavar="DIR", help="Networks that metrics need."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the whole result here.")
    ] = None,
    sheets: Annotated[
        Path | None,
        typer.Option("--sheets", metavar="DIR", help="Write a contact sheet of every clip here."),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with drawings and pictures."),
    ] = None,
    options: Options,
) -> None:
    """Score models against the still source and the thin plate, under a fixed protocol."""
    from animate_cli.cli.console_observer import ConsoleObserver
    from animate_cli.cli.landmark_scores import score_landmarks
    from animate_cli.cli.score_table import show_scores
    from animate_cli.device import open_device
    from animate_cli.evaluate.clips.candidate import read_candidates
    from animate_cli.evaluate.clips.choose_pairs import choose_pairs
    from animate_cli.evaluate.clips.clip_pairs import read_clips
    from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
    from animate_cli.evaluate.report.gallery import Gallery
    from animate_cli.evaluate.report.html_page import page
    from animate_cli.evaluate.runner.evaluate import EvaluationObserver, EvaluationObservers
    from animate_cli.evaluate.runner.evaluate import evaluate as run
    from animate_cli.media.target import check_target

    overwrite = options.output.overwrite
    for file in (json_file, html_file):
        if file is not None:
            check_target(file, overwrite=overwrite)
    chosen = of_scheme(scheme, replace(protocol, seed=options.compute.seed))
    if landmarks:
        if models or sheets or html_file:
            raise OptionError(
                "--landmarks goes with neither --model, --sheets nor --html",
                hint="run animate eval once for networks, once for models",
            )
        table = score_landmarks(
            landmarks,
            data,
            split,
            chosen,
            metric_weights=metric_weights,
            device=str(open_device(options.compute)),
        )
        _write(json_file, lambda: table.json() + "\n", overwrite=overwrite)
        console.result(table.text())
        return
    clips, entrants = read_clips(data, split), read_candidates(models or [])
    device = open_device(options.compute)
    with TemporaryDirectory() as folder, TemporaryDirectory() as kept:
        tried = choose_pairs(
            clips,
            chosen,
            options.compute,
            kept=Path(kept),
            on_left_out=lambda path: console.warn(f"{path} has no {chosen.start} frame"),
        )
        teller = ConsoleObserver(tried, entrants, chosen, sheets, overwrite=overwrite)
        gallery = Gallery(Path(folder), entrants, chosen)
        result = run(
            entrants,
            tried,
            load_evaluators(metric_weights, device=str(device)),
            protocol=chosen,
            data=data,
            split=split,
            compute=options.compute,
            audience=EvaluationObservers(teller, gallery if html_file else EvaluationObserver()),
            kept=Path(kept),
        )
        for one in result.skipped:
            console.warn(f"{one.take} is not scored: {one.reason}")
        _write(json_file, lambda: result.to_json() + "\n", overwrite=overwrite)
        _write(html_file, lambda: page(result.result(), gallery), overwrite=overwrite)
    show_scores(result)


def _write(path: Path | None, text: Callable[[], str], *, overwrite: bool) -> None:
    """One result file, if it is wanted."""
    from animate_cli.media.target import replacing

    if path is not None:
        with replacing(path, overwrite=overwrite) as part:
            part.write_text(text(), encoding="utf-8")
        console.tell(f"result: {path}")
