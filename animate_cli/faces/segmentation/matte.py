"""Load the network that separates a person from the background."""

from __future__ import annotations

from animate_cli import hub
from animate_cli.faces.segmentation.matte_network import MatteConfig, MatteNetwork
from animate_cli.layers.weight_io import load_strictly, read_config

MATTE = "matte"


def load_matte(weights: str = MATTE) -> MatteNetwork:
    """The network in evaluation mode, without gradients, on the CPU.

    weights: a name in the registry, or a file.

    Raises:
        WeightsError: the weights are missing, damaged, or of another network.
    """
    metadata, tensors = hub.load(weights)
    network = MatteNetwork(read_config(MatteConfig, metadata, where=f"weights {weights}"))
    load_strictly(network, tensors, where=f"weights {weights}")
    return network.requires_grad_(requires_grad=False).eval()
