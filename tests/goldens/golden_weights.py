"""Name, dtype and shape of each tensor in the embedded weight files."""

from __future__ import annotations

from pathlib import Path

from golden_store import ROOT
from safetensors import safe_open

WEIGHTS = sorted((ROOT / "weights").glob("*.safetensors"))


def golden_name(file: Path) -> str:
    return f"{file.stem}_tensors.txt"


def tensors(file: Path) -> list[str]:
    """name dtype shape, in the order of names."""
    with safe_open(file, framework="numpy") as opened:
        slices = {name: opened.get_slice(name) for name in sorted(opened.keys())}
        return [f"{name} {one.get_dtype()} {one.get_shape()}" for name, one in slices.items()]
