"""`animate weights list|fetch|verify|path|push`: manages network weights on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.errors import OptionError, WeightsError
from animate_cli.options import Options
from animate_cli.typed import plain

if TYPE_CHECKING:
    from rich.progress import Progress

app = typer.Typer(
    help="Network weights: list, download, check, find, publish.", no_args_is_help=True
)

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Names of `animate weights list`, or hf://org/repo/file@revision."),
]
CommercialOnly = Annotated[
    bool,
    typer.Option(
        "--commercial-only",
        help="Only weights whose licence allows commercial use. ANIMATE_COMMERCIAL_ONLY=1 sets "
        "this for every command.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--all-for", metavar="MODEL", help="All weights that --model MODEL needs."),
]


@app.command("list")
@takes_options("compute", "output.overwrite")
@takes_json
def list_weights(
    *,
    commercial_only: CommercialOnly = False,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """List all weights: where they are, their size and their licence."""
    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite)
    entries = [entry for entry in hub.registry() if _is_shown(entry, commercial_only)]
    report = json.dumps([_row(entry) for entry in entries], indent=2)
    json_output.write(report, overwrite=overwrite)
    if not json_output.on_stdout:
        _print(entries)


def _print(entries: list[hub.WeightEntry]) -> None:
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        size = f"{entry.size / 1e6:.1f} MB" if entry.size is not None else "? MB"
        use = f"commercial use: {entry.commercial_use}"
        console.result(
            f"{entry.name:<{width}}  {_where(entry):<9} {size:>9}  {entry.licence} ({use})  "
            f"{entry.kind}"
        )


@app.command()
@takes_options("compute")
def fetch(
    *,
    names: Names = None,
    model: Model = None,
    renew: Annotated[
        bool,
        typer.Option(
            "--renew", help="Accept the file published now, in place of the one first used here."
        ),
    ] = False,
    commercial_only: CommercialOnly = False,
) -> None:
    """Download weights and check them. An interrupted download resumes."""
    for entry in _chosen(names, model):
        if commercial_only:
            hub.require_commercial(entry)
        get = hub.renew if renew else hub.fetch
        with _show_progress() as on_transfer:
            paths = get(entry, on_transfer=on_transfer)
        for path in paths:
            console.result(str(path))


@app.command()
@takes_options("compute")
def verify(*, names: Names = None, model: Model = None) -> None:
    """Check the sha256 of weights; exit 1 if one differs, or if one that you name is missing.

    ok: as in the registry; first use: as when first used on this machine; new: not recorded yet.
    """
    everything = names is None and model is None
    entries = hub.registry() if everything else _chosen(names, model)
    bad: WeightsError | None = None
    for entry in entries:
        for file in entry.files:
            state = hub.file_state(entry, file)
            if everything and state is hub.WeightState.MISSING:
                continue
            path = hub.cached_path(entry.name, file.part or None)
            console.result(f"{_label(entry, file)}  {state:<9} {path or ''}".rstrip())
            if state in (hub.WeightState.MISSING, hub.WeightState.DAMAGED):
                message = f"{_label(entry, file)} is {state}"
                bad = WeightsError(message, hint=hub.advice(entry.name))
    if bad is not None:
        raise bad


@app.command()
@takes_options("compute")
def path(*, names: Names = None, model: Model = None) -> None:
    """Print where weights are, checked; exit 1 if one is not on this machine."""
    for entry in _chosen(names, model):
        for file in entry.files:
            console.result(str(hub.verified_path(entry.name, file.part or None)))


@app.command()
@takes_options("compute")
def push(
    *,
    weights: Annotated[Path, typer.Argument(help="A .safetensors file written by a training.")],
    repo: Annotated[
        str, typer.Option("--repo", metavar="ORG/NAME", help="The repository on the Hub.")
    ],
    card: Annotated[
        Path, typer.Option("--card", help="The model card (.md): data, licence, results.")
    ],
    public: Annotated[
        bool, typer.Option("--public", help="If the repository is new, make it public.")
    ] = False,
) -> None:
    """Publish your own weights: file, config and model card in one commit.

    Prints the entry for weights/registry.toml, pinned to that commit.
    """
    visibility = hub.Visibility.PUBLIC if public else hub.Visibility.PRIVATE
    console.result(hub.publish(weights, repo=repo, card=card, visibility=visibility))


def _chosen(names: list[str] | None, model: str | None) -> list[hub.WeightEntry]:
    entries = [hub.entry(name) for name in names or ()]
    if model is not None:
        entries += hub.for_model(model)
        if not hub.for_model(model):
            known = sorted({word for entry in hub.registry() for word in entry.models})
            hint = f"models with weights to fetch: {', '.join(known)}"
            raise OptionError(f"--all-for {model}: no weights are listed for it", hint=hint)
    if not entries:
        raise OptionError("no weights named", hint="give names, or --all-for MODEL")
    return entries


def _is_shown(entry: hub.WeightEntry, commercial_only: bool) -> bool:  # noqa: FBT001
    everything = not (commercial_only or hub.commercial_only())
    return everything or entry.commercial_use is hub.CommercialUse.YES


def _where(entry: hub.WeightEntry) -> str:
    """Embedded, cached or missing; only `verify` checks the content."""
    if not all(hub.cached_path(entry.name, file.part or None) for file in entry.files):
        return "missing"
    return "embedded" if entry.repo is None else "cached"


def _label(entry: hub.WeightEntry, file: hub.WeightFile) -> str:
    return f"{entry.name}/{file.part}" if file.part else entry.name


def _row(entry: hub.WeightEntry) -> dict[str, object]:
    files = [
        {**plain(file), "path": str(hub.cached_path(entry.name, file.part or None) or "")}
        for file in entry.files
    ]
    return {
        **plain(entry),
        "state": _where(entry),
        "size": entry.size,
        "sha256": entry.sha256,
        "files": files,
    }


@contextmanager
def _show_progress() -> Iterator[hub.OnTransfer | None]:
    """Yield a callback that shows a bar per file on a terminal; elsewhere None (log lines)."""
    if console.is_quiet() or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _TransferBars(bars)


class _TransferBars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, object] = {}

    def __call__(self, transfer: hub.Transfer) -> None:
        name = f"{transfer.name}, {transfer.file}"
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name)
        self._bars.update(self._tasks[name], completed=transfer.done, total=transfer.total)  # type: ignore[arg-type]
