"""Optical flow: its look-up in naive loops, and shifts that are known, with the real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from places import SHARED
from safetensors.torch import save_file

from animate_cli.errors import WeightsError
from animate_cli.layers.pretrained.raft import (
    FILE,
    RADIUS,
    RaftSmall,
    _look_up,
    _pyramid,
    load_raft,
)

TEACHERS = SHARED / "data/teachers"


@pytest.fixture(scope="module")
def raft() -> RaftSmall:
    if not (TEACHERS / FILE).is_file():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    return load_raft(TEACHERS)


def texture(height: int, width: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    layers = [
        F.interpolate(
            torch.from_numpy(rng.random((1, 3, height // s, width // s), np.float32)),
            (height, width),
            mode="bicubic",
        )
        for s in (4, 16)
    ]
    return (sum(layers) / 2).clamp(0, 1)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (3, 0), (-5, 2), (9, -12)])
def test_a_shift_is_found(raft: RaftSmall, right: int, down: int) -> None:
    whole = texture(160, 176)
    x = whole[..., 16:-16, 16:-16]
    y = whole[..., 16 - down : 144 - down, 16 - right : 160 - right]
    flow = raft(x, y)[0, :, 16:-16, 16:-16]
    wanted = torch.tensor([right, down])[:, None, None]
    assert (flow - wanted).abs().mean().item() < 0.25


def test_any_size_and_a_batch_is_its_parts(raft: RaftSmall) -> None:
    x, y = texture(140, 150)[..., :133, :141], texture(140, 150)[..., 7:, 9:]
    both = raft(torch.cat((x, y)), torch.cat((y, x)))
    assert both.shape == (2, 2, 133, 141)
    assert (both[:1] - raft(x, y)).abs().max().item() < 1e-2


def test_weights_of_any_values_go_through_a_file(tmp_path: Path) -> None:
    """As the published ones do: in half precision, by name, for any size and batch."""
    made = RaftSmall().half()
    save_file(made.state_dict(), tmp_path / FILE)
    read = load_raft(tmp_path)
    assert {x.dtype for x in read.parameters()} == {torch.float32}
    x, y = texture(140, 150)[..., :133, :141], texture(140, 150)[..., 7:, 9:]
    both = read(torch.cat((x, y)), torch.cat((y, x)))
    assert both.shape == (2, 2, 133, 141)
    scale = both.abs().max().item()
    assert 0 < scale < float("inf")
    assert (both[:1] - made.float()(x, y)).abs().max().item() < 1e-3 * scale


def test_the_look_up_in_loops() -> None:
    """Level k averages 2^k x 2^k products; beyond the edges they are zero; x is the slower axis."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(1, 5, 8, 16, generator=generator) for _ in range(2))
    at = torch.tensor([[2.0, 6.0]]).reshape(1, 2, 1, 1).expand(1, 2, 8, 16).contiguous()
    found = _look_up(_pyramid(x, y), at)
    row, column = 3, 4
    for level, (i, j) in ((0, (0, 5)), (0, (6, 2)), (1, (4, 1))):
        size = 2**level
        px, py = 2 // size + i - RADIUS, 6 // size + j - RADIUS
        total = 0.0
        for v in range(py * size, (py + 1) * size):
            for u in range(px * size, (px + 1) * size):
                if 0 <= v < 8 and 0 <= u < 16:
                    total += float(x[0, :, row, column] @ y[0, :, v, u]) / 5**0.5 / size**2
        assert found[0, 49 * level + 7 * i + j, row, column].item() == pytest.approx(
            total, abs=1e-5
        )


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="raft_small"):
        load_raft(tmp_path)
