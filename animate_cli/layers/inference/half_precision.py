"""Half precision on CUDA devices, with a check of every picture and a way back.

Half-precision numbers end at 65504 and lose small differences: a network that was trained in full
precision may overflow to NaN or collapse to black. Every picture is checked. The first bad one is
computed again in full precision, as is everything after it, and a warning is logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

_BLACK = 1e-3  # no pixel of a portrait's batch is brighter

Output = TypeVar("Output")

logger = logging.getLogger(__name__)


class SafeHalfPrecision:
    """Calls a function that renders, in half precision on a CUDA device, in full elsewhere.

    On CPUs half precision is emulated and slower, on MPS it saves little.
    """

    def __init__(self, device: torch.device | str, *, name: str) -> None:
        self._device = torch.device(device)
        self._name = name
        self.is_half = self._device.type == "cuda"

    def __call__(self, render: Callable[[], Output], picture: Callable[[Output], Tensor]) -> Output:
        """The result of `render`; picture: takes the pixels (B, 3, S, S) to check out of it."""
        if self.is_half:
            with torch.autocast(self._device.type, dtype=torch.float16):
                output = render()
            if is_picture(picture(output)):
                return output
            self.is_half = False
            logger.warning(
                "%s: half precision gave a black or broken picture; going on in full precision",
                self._name,
            )
        return render()


def is_picture(pixels: Tensor) -> bool:
    """Whether pixels (B, 3, S, S) are finite and no picture of the batch is all black."""
    brightest = pixels.float().flatten(1).amax(dim=1)
    return bool(torch.isfinite(pixels).all()) and bool((brightest > _BLACK).all())


def frames_at_once(device: torch.device | str, *, bytes_per_frame: int, most: int) -> int:
    """Frames that fit into a CUDA device's free memory, `most` at most; 1 on other devices."""
    if torch.device(device).type != "cuda":
        return 1
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, min(most, free // 2 // bytes_per_frame))
