"""Published 2D-FAN-4 weights as a start for the `paper` landmark network.

Bulat & Tzimiropoulos 2017, as the package face-alignment publishes them; Zhao et al. 2021,
section 3.3: 68 heatmaps are copied, six (lid middles and pupils) are new. Tensor names are FAN's
own and ours alike; what differs:

    l{i}    the last layer of stack i gives 74 maps: rows 0-67 copied, 68-73 random
    al{i}   its way back into the next stack reads 74 maps: columns 0-67 copied, 68-73 zero, so that
            the published network's function is kept exactly until training changes it
    scale   FAN's maps were fitted to bumps of height 1, which a softmax reads as nearly flat: rows
            of l{i} are multiplied by `SHARPNESS`, columns of al{i} divided by it
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.landmarks.network import LandmarkConfig, LandmarkNet
from animate_cli.layers.hourglass import HourglassBlock
from animate_cli.layers.weight_io import COUNTER, load_strictly, save_half
from animate_cli.records import LANDMARKS

PUBLISHED = 68  # heatmaps
PUBLISHED_SIZE = 256  # pixels of the square
SHARPNESS = 20.0  # a bump of height 0.7 outweighs the flat rest of 64 x 64 cells
NEW_DEVIATION = 0.01  # of the new rows' random weights


def from_2dfan(
    published: Mapping[str, Tensor], *, seed: int = 0
) -> tuple[LandmarkConfig, dict[str, Tensor]]:
    """A published FAN's state dict -> the config of the same network here, and all its tensors.

    Raises:
        WeightsError: these are not the tensors of a FAN with 68 heatmaps.
    """
    config = _config(published)
    rng = torch.Generator().manual_seed(seed)
    tensors = {k: v.float() for k, v in published.items() if not k.endswith(COUNTER)}
    for stack in range(config.stacks):
        weight, bias, back = f"l{stack}.weight", f"l{stack}.bias", f"al{stack}.weight"
        new = torch.randn(LANDMARKS - PUBLISHED, config.width, 1, 1, generator=rng) * NEW_DEVIATION
        tensors[weight] = torch.cat((tensors[weight] * SHARPNESS, new))
        tensors[bias] = torch.cat((tensors[bias] * SHARPNESS, torch.zeros(LANDMARKS - PUBLISHED)))
        if back in tensors:
            unread = torch.zeros(config.width, LANDMARKS - PUBLISHED, 1, 1)
            tensors[back] = torch.cat((tensors[back] / SHARPNESS, unread), dim=1)
    return config, tensors


def convert(source: Path, target: Path) -> None:
    """A published state dict in a file of torch's -> a file that a recipe's `init` takes.

    face-alignment keeps TorchScript archives; where that package is installed, once:
    torch.save(torch.jit.load("2DFAN4-cd938726ad.zip").state_dict(), "2dfan4.pt")

    Raises:
        WeightsError: the file cannot be read, or holds something else.
    """
    published = hub.read_published(source)
    config, tensors = from_2dfan(published)
    network = LandmarkNet(config)
    load_strictly(network, tensors, where=str(source))
    save_half(network, config, target, notes={"kind": "landmarks"})


def _config(published: Mapping[str, Tensor]) -> LandmarkConfig:
    """Read off the tensors' names and shapes."""
    stacks = depth = 0
    while f"l{stacks}.weight" in published:
        stacks += 1
    while f"m0.b1_{depth + 1}.conv1.weight" in published:
        depth += 1
    if not stacks or not depth or published["l0.weight"].shape[0] != PUBLISHED:
        raise WeightsError(
            "these are not the tensors of a published FAN with 68 heatmaps",
            hint="give the state dict of face-alignment's 2DFAN4",
        )
    return LandmarkConfig(
        size=PUBLISHED_SIZE,
        stem=published["conv1.weight"].shape[0],
        width=published["l0.weight"].shape[1],
        stacks=stacks,
        depth=depth,
        block=HourglassBlock.HIERARCHICAL,
    )
