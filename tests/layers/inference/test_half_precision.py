"""Half precision is left where it does not give pictures."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor

from animate_cli.layers.inference.half_precision import (
    SafeHalfPrecision,
    frames_at_once,
    is_picture,
)

GOOD = torch.full((2, 3, 4, 4), 0.5)


def test_black_and_broken_are_no_pictures() -> None:
    black, broken = GOOD.clone(), GOOD.clone()
    black[1] = 0
    broken[0, 0, 0, 0] = float("nan")
    assert [is_picture(one) for one in (GOOD, black, broken)] == [True, False, False]


def test_the_first_bad_picture_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    """As on a CUDA device, by autocasting on the CPU."""
    steady = SafeHalfPrecision("cpu", name="model")
    assert not steady.is_half
    steady.is_half = True
    weight = torch.full((4, 4), 1e5)
    asked: list[torch.dtype] = []

    def draw() -> Tensor:
        product = GOOD @ weight  # too large for half precision
        asked.append(product.dtype)
        return product.clamp(0, 1) if torch.isfinite(product).all() else product

    with caplog.at_level(logging.WARNING):
        first, second = (steady(draw, lambda picture: picture) for _ in range(2))
    assert asked == [torch.float16, torch.float32, torch.float32]
    assert torch.equal(first, torch.ones_like(first))
    assert torch.equal(second, first)
    assert caplog.text.count("full precision") == 1


def test_one_frame_at_a_time_where_memory_is_not_known() -> None:
    assert frames_at_once("cpu", bytes_per_frame=1, most=8) == 1
