"""A minimal objective for tests of the training loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from animate_cli.records import Image
from animate_cli.train.objective import Batch
from animate_cli.train.recipe import StepRecipe

PLAN = StepRecipe(
    steps=20, batch=8, learning_rate=0.1, warmup_steps=2, evaluate_every=5, save_every=5
)


class Line:
    """Fits y = 3x + 1. It has all methods of an objective and trains within a test."""

    def __init__(self, *, poison_at: int = -1) -> None:
        self.network: nn.Module = nn.Linear(1, 1)
        nn.init.zeros_(self.network.weight)
        nn.init.zeros_(self.network.bias)
        self.poison_at, self.drawn = poison_at, 0

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        x = torch.from_numpy(rng.uniform(-1, 1, (size, 1)).astype(np.float32))
        self.drawn += 1
        return {"x": x if self.drawn != self.poison_at else x * torch.nan}

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        error = (network(batch["x"]) - (3 * batch["x"] + 1)).square().mean()
        return error, {"error": error.item()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        x = torch.linspace(-1, 1, 9)[:, None]
        with torch.no_grad():
            return {"score": (network(x) - (3 * x + 1)).abs().mean().item()}

    def export(self, network: nn.Module, path: Path) -> None:
        path.write_bytes(save(network.state_dict()))

    def sheet(self, network: nn.Module) -> Image:
        return np.full((4, 6, 3), (255, 0, 0), np.uint8)


def stored(folder: Path) -> dict:
    """The checkpoint in a folder."""
    return torch.load(folder / "last.pt", weights_only=True)


def same(one: Path, two: Path) -> bool:
    """Whether the checkpoints of two runs are equal to the bit."""
    first, second = stored(one), stored(two)
    parts = ((first[part], second[part]) for part in ("network", "average"))
    return first["step"] == second["step"] and all(
        torch.equal(value, b[key]) for a, b in parts for key, value in a.items()
    )
