"""Less precision, the same picture."""

import torch

from animate_cli.layers.inference.bfloat16 import TOLERANCE, InBfloat16, is_native
from animate_cli.models.sparse_to_dense.refinement import RefineConfig, RefineNetwork


def _network() -> RefineNetwork:
    torch.manual_seed(0)
    network = RefineNetwork(RefineConfig()).eval()
    torch.nn.init.normal_(network.head.weight, std=0.1)  # so that it paints
    return network


@torch.inference_mode()
def test_near_single_precision_but_not_equal() -> None:
    network, pictures = _network(), torch.rand(2, 3, 64, 64)
    flow = 0.05 * torch.randn(2, 2, 64, 64)
    for full, less in zip(
        network(pictures, flow), InBfloat16(network)(pictures, flow), strict=True
    ):
        assert less.dtype == torch.float32
        assert not torch.equal(full, less)
        assert (full - less).abs().max() < TOLERANCE


def test_the_network_itself_stays_as_it_was() -> None:
    network = _network()
    InBfloat16(network)
    assert all(tensor.dtype == torch.float32 for tensor in network.parameters())


def test_only_where_the_cpu_has_instructions_for_it(monkeypatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not is_native("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert is_native("cpu")
    assert not is_native("meta")
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # torch 2.4
    assert not is_native("cpu")
