"""Everything a training needs to go on as if it had never stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from animate_cli.errors import TrainError

DAMAGED = (OSError, RuntimeError, TypeError, EOFError, ValueError, UnpicklingError)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State dicts of network, its moving average and optimiser; steps done; best score so far."""

    network: dict[str, Any]
    average: dict[str, Any]
    optimiser: dict[str, Any]
    step: int
    best: float


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write beside and rename: an interrupted save leaves the last checkpoint whole.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    beside = path.with_name(path.name + ".part")
    try:
        torch.save(vars(checkpoint), beside)
        beside.replace(path)
    except (OSError, RuntimeError) as error:
        beside.unlink(missing_ok=True)
        raise TrainError(f"cannot save {path}: {error}", hint="make room and resume") from error


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        TrainError: the file is damaged or of another version.
    """
    try:
        return Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except DAMAGED as error:
        raise TrainError(
            f"cannot resume from {path}: {error}", hint="delete it to start over"
        ) from error
