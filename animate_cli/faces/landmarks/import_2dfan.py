"""Convert the published weights of 2D-FAN-4 into a start for the `paper` landmark network.

The weights are those of Bulat & Tzimiropoulos 2017, as the package face-alignment publishes them.
As in Zhao et al. 2021, section 3.3, 68 heatmaps are copied and six (middles of the lids, pupils)
are new. Tensors have the same names as FAN's. These differ:

    l{i}    last layer of stack i, 74 maps: rows 0-67 are copied, 68-73 are random
    al{i}   reads the 74 maps for the next stack: columns 0-67 are copied, 68-73 are zero, so that
            the network computes the published function until it is trained
    scale   FAN's maps were trained to Gaussians of height 1, which are nearly flat after a softmax:
            rows of l{i} are multiplied by `SHARPNESS`, columns of al{i} divided by it
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
    """Config and tensors of the landmark network for a published FAN's state dict.

    seed: of the random rows.

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
    """Convert a state dict saved by torch into a file for a recipe's `init`.

    face-alignment publishes a TorchScript archive; to save its state dict:
    torch.save(torch.jit.load("2DFAN4-cd938726ad.zip").state_dict(), "2dfan4.pt")

    Raises:
        WeightsError: the file cannot be read, or is not such a state dict.
    """
    published = hub.read_published(source)
    config, tensors = from_2dfan(published)
    network = LandmarkNet(config)
    load_strictly(network, tensors, where=str(source))
    save_half(network, config, target, notes={"kind": "landmarks"})


def _config(published: Mapping[str, Tensor]) -> LandmarkConfig:
    """The config that the tensors' names and shapes imply."""
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
