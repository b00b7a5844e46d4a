"""`animate train RECIPE`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animate_cli.cli.flags import takes_options
from animate_cli.errors import TrainError
from animate_cli.options import Options


@takes_options("compute")
def train(
    *,
    recipe: Annotated[Path, typer.Argument(help="A recipe (.toml); examples/recipes has some.")],
    options: Options,
) -> None:
    """Train a network from a recipe."""
    raise TrainError(f"{recipe}: training is not here yet", hint="use a later version")
