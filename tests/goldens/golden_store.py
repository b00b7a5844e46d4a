"""Where goldens lie, how large arrays are sampled, and how near a value must come.

Recorded by `python tests/goldens/record.py`; tests only read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.generic]

ROOT = Path(__file__).parents[2]
GOLDENS = ROOT / "tests/data/goldens"
NEAR, FAR = 1e-5, 1e-4


def machine() -> dict[str, str]:
    """What decides which kernels compute, and which encoder writes."""
    return {
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__.partition("+")[0],
        "av": metadata.version("av"),
        "opencv": cv2.__version__,
    }


def is_recorded_machine() -> bool:
    return machine() == read_json("machine.json")


def tolerance() -> float:
    """Kernels for other vector units, and those of other versions, add up in another order: there
    a result may be ten times as far off as where the goldens were recorded."""
    return NEAR if is_recorded_machine() else FAR


def sampled(array: Array) -> dict[str, Array]:
    """Every 8th row and column of (B, C, S, S), with mean and deviation of each channel."""
    whole = np.asarray(array, np.float64)
    axes = (-2, -1)
    return {
        "sample": np.ascontiguousarray(array[..., 3::8, 3::8]),
        "mean": whole.mean(axis=axes),
        "std": whole.std(axis=axes),
    }


def read_arrays(name: str) -> dict[str, Array]:
    with np.load(GOLDENS / name) as archive:
        return {key: archive[key] for key in archive.files}


def write_arrays(name: str, arrays: Mapping[str, Array]) -> None:
    np.savez_compressed(GOLDENS / name, **arrays)


def read_json(name: str) -> object:
    return json.loads((GOLDENS / name).read_text(encoding="utf-8"))


def write_json(name: str, told: object) -> None:
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    (GOLDENS / name).write_text(text, encoding="utf-8")


def read_lines(name: str) -> list[str]:
    return (GOLDENS / name).read_text(encoding="utf-8").splitlines()


def write_lines(name: str, lines: list[str]) -> None:
    (GOLDENS / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
