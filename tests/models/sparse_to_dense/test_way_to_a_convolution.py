"""Few files lie between the contract's `render` and a convolution of the default model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from places import ROOT
from torch import Tensor, nn

from animate_cli.models.find import find_model

PACKAGE = ROOT / "animate_cli"


def _files_of_the_stack() -> list[str]:
    """The package's files that the running call goes through, outermost first, each once."""
    found: list[str] = []
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE) and path.name not in found:
            found.append(path.name)
        frame = frame.f_back  # type: ignore[assignment]
    return found[::-1]


def test_the_model_the_network_and_a_branch(
    face_picture: Tensor, face_points: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_model("sparse_to_dense", device="cpu")
    ways: list[list[str]] = []
    convolve = nn.Conv2d.forward

    def seen(conv: nn.Conv2d, x: Tensor) -> Tensor:
        ways.append(_files_of_the_stack())
        return convolve(conv, x)

    with torch.inference_mode():
        source = model.encode_source(face_picture, face_points)
        monkeypatch.setattr(nn.Conv2d, "forward", seen)
        model.render(source, face_points + 3)
    assert ["model.py", "network.py", "motion_branch.py"] in ways
    assert max(len(way) for way in ways) <= 4, "a branch of a part, or blocks of convolutions"
