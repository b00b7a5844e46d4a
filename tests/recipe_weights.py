"""Reproducible random weights for published networks: the name of each tensor is its seed.

The test vectors in `data/published` are outputs of the published code with these weights. Inputs
are not stored; they are drawn again, with one generator per file.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from places import SHARED
from safetensors import safe_open
from torch import Tensor, nn

KEPT = Path(__file__).parent / "data" / "published"
ALL = SHARED / "interop"

Floats = NDArray[np.float32]
_TENTH = np.float32(0.1)


def recipe_state(network: nn.Module) -> dict[str, Tensor]:
    """A state dict with the network's names and shapes."""
    state = {name: _filled(name, value) for name, value in network.state_dict().items()}
    for name in state:
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            matrix = state[f"{stem}_orig"].flatten(1).double()
            v = matrix.T @ state[f"{stem}_u"].double()
            state[name] = (v / v.norm()).float()
    return state


def _filled(name: str, value: Tensor) -> Tensor:
    last = name.rpartition(".")[2]
    if last == "weight_v" or name.endswith("down.weight"):
        return value
    if last == "num_batches_tracked":
        return torch.zeros_like(value)
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    z = np.random.Generator(np.random.PCG64(seed)).standard_normal(value.shape, np.float32)
    return torch.from_numpy(np.asarray(_scaled(last, z), np.float32))


def _scaled(last: str, z: Floats) -> NDArray[np.floating]:
    if last == "weight_u":
        wide = z.astype(np.float64)
        return wide / np.linalg.norm(wide)
    if last == "running_mean":
        return _TENTH * z
    if last == "running_var":
        return 1 + _TENTH * np.abs(z)
    if z.ndim >= 2:
        return z * np.float32(1 / np.sqrt(np.prod(z.shape[1:])))
    return 1 + _TENTH * z if last == "weight" else _TENTH * z


def fingerprint(state: dict[str, Tensor]) -> str:
    """First 32 hexadecimal digits of a hash of the state, to compare with that of the vectors."""
    digest = hashlib.sha256()
    for name in sorted(state):
        if not name.endswith(("num_batches_tracked", "weight_v", "down.weight")):
            digest.update(name.encode() + b"\0" + state[name].numpy().astype("<f4").tobytes())
    return digest.hexdigest()[:32]


class Draws:
    """Draws the inputs of one file of vectors, in order."""

    def __init__(self) -> None:
        self._random = np.random.Generator(np.random.PCG64(0))

    def uniform(self, *shape: int) -> Tensor:
        """In [0, 1)."""
        return torch.from_numpy(self._random.random(shape, np.float32))

    def normal(self, *shape: int) -> Tensor:
        """Mean 0, deviation 1."""
        return torch.from_numpy(self._random.standard_normal(shape, np.float32))


def worst(folder: Path, name: str, given: dict[str, Tensor]) -> dict[str, float]:
    """Largest difference from each output in a file of vectors: {output: difference}.

    Every output of the file must be given; whole-array sums are held against those in the file.
    """
    found: dict[str, float] = {}
    with safe_open(folder / f"{name}.safetensors", "pt") as file:
        told = file.metadata()
        for key in file.keys():  # noqa: SIM118
            if key.startswith("output."):
                output = _output_of(key)
                whole = given[output]
                part = whole if key == f"output.{output}" else whole[_slices(told[key])]
                difference = float((part - file.get_tensor(key)).abs().max())
                found[output] = max(
                    found.get(output, 0.0), difference, _mean_error(whole, told, output)
                )
    assert found.keys() == given.keys()
    return found


def _output_of(key: str) -> str:
    return re.sub(r"\.(s\d*|crop)$", "", key.removeprefix("output."))


def _mean_error(whole: Tensor, told: dict[str, str], output: str) -> float:
    """Difference of the mean magnitude from that of the stored output's whole array."""
    said = told[f"output.{output}"]
    assert str(list(whole.shape)) in said
    return abs(float(whole.double().abs().sum()) - float(said.split()[-1])) / whole.numel()


def _slices(text: str) -> tuple[object, ...]:
    """Index of a tensor from a text like "slice ..., 96:160:None, None:None:4"."""
    parts = text.removeprefix("slice ").split(", ")
    return tuple(... if p == "..." else slice(*map(_number, p.split(":"))) for p in parts)


def _number(text: str) -> int | None:
    return None if text == "None" else int(text)
