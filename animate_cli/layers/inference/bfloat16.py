"""A network's convolutions in bfloat16, on CPUs that multiply it natively: twice as fast there.

For networks that give pictures; the positions of a grid need single precision. On other CPUs
bfloat16 is emulated, and slower.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

TOLERANCE = 0.01
"""Greatest difference from single precision, of outputs of about 1 in size."""

_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")


def is_native(device: torch.device | str) -> bool:
    """Whether the device is a CPU with instructions for it."""
    if torch.device(device).type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _INSTRUCTIONS)


class InBfloat16(nn.Module):
    """The same function of as many tensors (B, ...), float32 in and out."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self._inner = copy.deepcopy(module).bfloat16()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Inputs and results of the module that it was made of, as float32."""
        results = self._inner(*(tensor.bfloat16() for tensor in inputs))
        return tuple(result.float() for result in results)
