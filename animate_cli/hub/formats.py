"""Reads weight files: safetensors, and `torch.save` files that contain data only.

Opening a pickle can run any code. Pickles are therefore read by `torch.load(weights_only=True)`
alone, which builds tensors and plain containers and refuses anything else.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from animate_cli.errors import DAMAGED_ARCHIVE, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS = ".safetensors"
PICKLES = (".pth", ".pt", ".tar", ".bin", ".ckpt")
SUFFIXES = (SAFETENSORS, *PICKLES)
WRAPPER = "module"  # data parallel training adds it to every name
_WANTS = re.compile(r"(?:GLOBAL|global:?|class|function) (\w+(?:\.\w+)+)")


def read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and CPU tensors of a safetensors file.

    Raises:
        WeightsError: it is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            return metadata, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        hint = "give a .safetensors file"
        raise WeightsError(f"{path}: cannot be read as weights ({error})", hint=hint) from error


def read_published(path: Path, *, under: str = "") -> dict[str, Tensor]:
    """A published state dict (.safetensors, .pth, .pth.tar): CPU tensors by name.

    Nested tables become dotted names. The word `module`, which data parallel training adds, is
    dropped, also inside a name (retarget_eye_module.mlp becomes retarget_eye.mlp). Entries other
    than tensors (epoch, learning rate) are left out. under: keep only names below this word
    ("generator"), without the word.

    Raises:
        WeightsError: the file is unreadable, would run code, or has no tensors under that word.
    """
    content = read(path)[1] if path.suffix == SAFETENSORS else _unpickled(path)
    named = dict(_flat(content, ()))
    chosen = {name.removeprefix(f"{under}."): t for name, t in named.items() if _below(name, under)}
    if not chosen:
        branches = ", ".join(sorted({name.partition(".")[0] for name in named})) or "nothing"
        message = f"{path}: no tensors{f' under {under!r}' if under else ''}"
        raise WeightsError(message, hint=f"the file holds: {branches}; give the published one")
    return chosen


def _unpickled(path: Path) -> object:
    import torch

    if _is_program(path):
        hint = "give its state dict: torch.save(torch.jit.load(FILE).state_dict(), NEW)"
        raise WeightsError(f"{path}: refused: it is a TorchScript program", hint=hint)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise _refusal(path, str(error)) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        hint = "give a .safetensors file or a state dict that torch.save wrote"
        raise WeightsError(f"{path}: cannot be read as weights ({reason})", hint=hint) from error


def _is_program(path: Path) -> bool:
    """Whether the file is a TorchScript archive, which holds code."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except DAMAGED_ARCHIVE:
        return False


def _refusal(path: Path, reason: str) -> WeightsError:
    wanted = _WANTS.search(reason)
    if wanted is None:
        hint = "give a .safetensors file or a state dict that torch.save wrote"
        first = reason.strip().splitlines()[0]
        return WeightsError(f"{path}: cannot be read as weights ({first})", hint=hint)
    return WeightsError(
        f"{path}: refused: it is a pickle that would run code ({wanted.group(1)})",
        hint="use a copy in safetensors, or ask its publisher for the bare state dict",
    )


def _flat(content: object, words: tuple[str, ...]) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a nested table with their dotted names."""
    import torch

    if isinstance(content, torch.Tensor):
        yield ".".join(words), content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            below = (w.removesuffix(f"_{WRAPPER}") for w in str(key).split(".") if w != WRAPPER)
            yield from _flat(value, (*words, *below))


def _below(name: str, under: str) -> bool:
    return not under or name.startswith(f"{under}.")
