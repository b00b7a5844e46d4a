"""Half precision where the device is made for it, as long as it gives pictures.

Half-precision numbers end at 65504 and lose small differences: a network that was trained in full
precision may overflow to NaN or collapse to black in them. What it draws is looked at; the first
bad picture is drawn again in full precision, as is everything after it, and that is said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

_BLACK = 1e-3  # no pixel of a portrait's batch is brighter

Drawn = TypeVar("Drawn")

logger = logging.getLogger(__name__)


class SafeHalfPrecision:
    """Calls what draws, in half precision on a CUDA device, in full precision elsewhere.

    On CPUs half precision is emulated and slower, on MPS it saves little.
    """

    def __init__(self, device: torch.device | str, *, name: str) -> None:
        self._device = torch.device(device)
        self._name = name
        self.is_half = self._device.type == "cuda"

    def __call__(self, draw: Callable[[], Drawn], picture: Callable[[Drawn], Tensor]) -> Drawn:
        """What `draw` gives; picture: its pixels (B, 3, S, S), to be looked at."""
        if self.is_half:
            with torch.autocast(self._device.type, dtype=torch.float16):
                drawn = draw()
            if is_picture(picture(drawn)):
                return drawn
            self.is_half = False
            logger.warning(
                "%s: half precision gave a black or broken picture; going on in full precision",
                self._name,
            )
        return draw()


def is_picture(pixels: Tensor) -> bool:
    """Finite, and every picture of the batch (B, 3, S, S) brighter than black somewhere."""
    brightest = pixels.float().flatten(1).amax(dim=1)
    return bool(torch.isfinite(pixels).all()) and bool((brightest > _BLACK).all())


def frames_at_once(device: torch.device | str, *, bytes_per_frame: int, most: int) -> int:
    """How many frames fit in a device's free memory, 1 where that is not known."""
    if torch.device(device).type != "cuda":
        return 1
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, min(most, free // 2 // bytes_per_frame))
