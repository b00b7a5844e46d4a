"""The checkpoint: the full state of a training, so that it resumes with identical results."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from animate_cli.errors import TrainError
from animate_cli.train.saving import saving, temporary_path

DAMAGED = (OSError, RuntimeError, TypeError, EOFError, ValueError, UnpicklingError)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """State dicts of network, its moving average and optimiser; best score so far.

    step: steps made in this stage; stage: its number, from 1; steps_before: made in the stages
    before it. scaler: of the fp16 gradient scaler, empty in other precisions. critic,
    critic_optimiser: of an adversarial training, else empty.
    """

    network: dict[str, Any]
    average: dict[str, Any]
    optimiser: dict[str, Any]
    step: int
    best: float
    scaler: dict[str, Any] = field(default_factory=dict)
    critic: dict[str, Any] = field(default_factory=dict)
    critic_optimiser: dict[str, Any] = field(default_factory=dict)
    stage: int = 1
    steps_before: int = 0


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a temporary file, sync it to the disk, rename it: a power cut leaves a whole file.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    with saving(path):
        with temporary_path(path).open("wb") as file:
            torch.save(vars(checkpoint), file)
            file.flush()
            os.fsync(file.fileno())
        temporary_path(path).replace(path)
        _sync_folder(path.parent)


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


def _sync_folder(folder: Path) -> None:
    """Write the rename to the disk; Windows does so by itself and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
