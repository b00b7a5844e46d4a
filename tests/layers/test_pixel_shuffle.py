"""Folding is torch's, only faster; unfolding is its inverse."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from animate_cli.layers.pixel_shuffle import channels_to_pixels, pixels_to_channels


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_what_torch_does(factor: int, layout: torch.memory_format) -> None:
    x = torch.rand(2, 3, 8 * factor, 5 * factor).contiguous(memory_format=layout)
    folded = pixels_to_channels(x, factor)
    assert torch.equal(folded, F.pixel_unshuffle(x, factor))
    assert torch.equal(channels_to_pixels(folded, factor), x)
    assert torch.equal(channels_to_pixels(folded, factor), F.pixel_shuffle(folded, factor))
