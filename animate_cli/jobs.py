"""The commands `animate batch`, `eval`, `prepare` and `train` as Python functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from animate_cli import hub
from animate_cli.batch.names import TEMPLATE
from animate_cli.batch.options import BatchOptions, BatchPairing, Shard
from animate_cli.batch.plan import plan_batch
from animate_cli.batch.run import run_batch
from animate_cli.batch.status import BatchObserver, BatchSummary
from animate_cli.cli.cells import override
from animate_cli.device import open_device
from animate_cli.evaluate.clips.candidate import read_candidates
from animate_cli.evaluate.clips.choose_pairs import choose_pairs
from animate_cli.evaluate.clips.clip_pairs import read_clips
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Scheme, apply_scheme
from animate_cli.evaluate.result import Result
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.options import ComputeOptions, Options
from animate_cli.prepare.run import prepare as prepare_dataset
from animate_cli.train.engine.loop import LogEntry, TrainingSummary, train
from animate_cli.train.recipe import Recipe, read_recipe, with_overrides

__all__ = ["animate_batch", "evaluate_models", "prepare_dataset", "train_network"]


def animate_batch(
    sources: Sequence[str | Path],
    drivers: Sequence[str | Path],
    output: str | Path,
    options: Options | None = None,
    *,
    batch: BatchOptions | None = None,
    pairing: BatchPairing | None = None,
    name: str = TEMPLATE,
    shard: Shard | None = None,
    observer: BatchObserver | None = None,
) -> BatchSummary:
    """Animate many photos with many drivers, in worker processes. The same call resumes it.

    sources: photos, folders, patterns ("photos/*.jpg"), or a .csv or .json manifest; drivers:
    videos, templates, folders or patterns. output: folder of the results and the journal.
    options: of every animation. pairing None: the manifest's if there is one, else every photo with
    every driver. name: the template of result names, from {source}, {driver} and {number}. shard:
    this machine's part of the jobs. observer: called for each journal row and status change.

    A script that calls it needs `if __name__ == "__main__":`, because workers import the script.

    Raises:
        InputError: inputs or a manifest that cannot be used.
        OptionError: sources and drivers do not pair, or names clash or lead out of the folder.
        OutputError: the folder cannot be written, or another run is using it.
    """
    part = shard or Shard()
    plan = plan_batch(
        [str(one) for one in sources],
        [str(one) for one in drivers],
        Path(output),
        options or Options(),
        override=override,
        pairing=pairing,
        template=name,
        shard=part,
    )
    return run_batch(
        plan, batch or BatchOptions(), shard=part, observer=observer or BatchObserver()
    )


def evaluate_models(
    data: str | Path,
    models: Sequence[str] = (),
    *,
    split: str = "val",
    scheme: Scheme = Scheme.SELF,
    protocol: Protocol | None = None,
    compute: ComputeOptions | None = None,
    metric_weights: str | Path | None = None,
    observer: EvaluationObserver | None = None,
) -> Result:
    """Score models on clips, beside the still photo and the thin plate spline.

    data: a video, a folder of videos, one with a manifest.csv, or a public data set. models:
    "NAME" or "NAME:WEIGHTS". split: used if the data has splits; "all": every split. scheme: which
    clip drives which face; protocol: strides, caps and limits. metric_weights: a folder with the
    networks that some metrics need; None: these metrics are left out. observer: called for every
    clip and frame.

    Raises:
        InputError: there are no clips.
        OptionError: there is no such model or split, or the scheme does not fit the data.
        FaceError: no clip could be scored.
    """
    compute = compute or ComputeOptions()
    chosen = apply_scheme(scheme, protocol or Protocol(seed=compute.seed))
    clips, candidates = read_clips(Path(data), split), read_candidates(list(models))
    device = str(open_device(compute))
    weights = Path(metric_weights) if metric_weights is not None else None
    tracker = ClipTracker(compute)
    return evaluate(
        candidates,
        choose_pairs(clips, chosen, tracker, on_left_out=lambda path: None),
        load_evaluators(weights, device=device),
        protocol=chosen,
        data=Path(data),
        split=split,
        compute=compute,
        observer=observer or EvaluationObserver(),
        tracker=tracker,
    )


def train_network(
    recipe: str | Path | Recipe,
    output: str | Path | None = None,
    *,
    data: str | Path | None = None,
    steps: int | None = None,
    compute: ComputeOptions | None = None,
    on_log: Callable[[LogEntry], None] = lambda logged: None,
) -> TrainingSummary:
    """Train a network from a recipe; the same call resumes an earlier, interrupted one.

    recipe: a .toml file, or the record. output: folder of checkpoints, weights, sheets and log;
    None: a folder in the cache, named like the recipe. data, steps: replace the recipe's. on_log:
    called after every `log.every`-th step and every evaluation.

    Raises:
        OptionError: the recipe cannot be read.
        TrainError: the data is missing, the loss is not finite, or the disk is full.
        Cancelled: Ctrl-C or SIGTERM; the step under way was finished and saved.
    """
    read = recipe if isinstance(recipe, Recipe) else read_recipe(Path(recipe))
    chosen = with_overrides(read, data=Path(data) if data is not None else None, steps=steps)
    folder = Path(output) if output is not None else hub.runs_dir() / chosen.name
    device = open_device(compute or ComputeOptions())
    return train(chosen, folder, on_log=on_log, device=device)
