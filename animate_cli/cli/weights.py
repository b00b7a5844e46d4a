"""`animate weights list|verify`: the registry, and what of it is on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.errors import WeightsError

app = typer.Typer(help="What the networks know: list and verify.", no_args_is_help=True)


@app.command("list")
@takes_options("compute")
def list_weights(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every weight this version knows, its licence, and whether it is here."""
    if as_json:
        console.result(json.dumps([_row(entry) for entry in hub.registry()], indent=2))
        return
    for entry in hub.registry():
        use = "commercial use" if entry.commercial_use else "no commercial use"
        console.result(
            f"{entry.name:<12} {hub.state(entry.name):<8} {entry.size / 1e6:6.1f} MB  "
            f"{entry.licence} ({use})  {entry.kind}"
        )


@app.command()
@takes_options("compute")
def verify(
    *,
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; without a name, all that are here.")
    ] = None,
) -> None:
    """Compare sha256 sums with the registry; exit 1 if one differs or a named one is missing."""
    chosen = names or [one.name for one in hub.registry() if hub.cached_path(one.name)]
    damaged: WeightsError | None = None
    for name in chosen:
        try:
            console.result(f"{name:<12} ok       {hub.verified_path(name)}")
        except WeightsError as error:
            console.result(f"{name:<12} {hub.state(hub.entry(name).name)}")
            damaged = error
    if damaged is not None:
        raise damaged


def _row(entry: hub.WeightEntry) -> dict[str, object]:
    path = hub.cached_path(entry.name)
    return {**asdict(entry), "state": hub.state(entry.name), "path": str(path) if path else None}
