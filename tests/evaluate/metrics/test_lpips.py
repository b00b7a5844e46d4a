"""LPIPS: zero for equals, grows with damage, symmetric, equal to the formula in loops."""

import math

import numpy as np
import pytest
import torch

from animate_cli.errors import WeightsError
from animate_cli.evaluate.metrics.networks.lpips import Lpips, load_lpips, load_lpips_on
from animate_cli.layers.pretrained.alexnet_vgg16 import (
    ALEXNET,
    VGG16,
    Backbone,
    TappedBackbone,
    load_tapped,
)
from animate_cli.layers.pretrained.squeezenet import TAP_CHANNELS, SqueezeNetFeatures


@pytest.fixture(scope="module")
def metric() -> Lpips:
    torch.manual_seed(0)
    heads = [torch.rand(channels) for channels in TAP_CHANNELS]
    return Lpips(SqueezeNetFeatures(), heads).eval()


def picture(seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((1, 3, 64, 48), np.float32))


def test_equal_pictures_have_no_distance(metric):
    assert metric(picture(0), picture(0)).item() == 0


def test_more_damage_is_farther_and_order_does_not_matter(metric):
    x, noise = picture(0), picture(1)
    near, far = (metric(x, torch.lerp(x, noise, share)).item() for share in (0.1, 0.5))
    assert 0 < near < far
    assert metric(noise, x).item() == pytest.approx(metric(x, noise).item(), rel=1e-5)


def test_a_batch_is_its_parts(metric):
    x, y = torch.cat((picture(0), picture(1))), torch.cat((picture(2), picture(3)))
    both = metric(x, y)
    for i in range(2):
        assert both[i].item() == pytest.approx(metric(x[i : i + 1], y[i : i + 1]).item(), rel=1e-4)


def test_the_formula_in_loops(metric):
    x, y = picture(0), picture(2)
    total = 0.0
    with torch.no_grad():
        maps = zip(metric._features(x), metric._features(y), metric._linear, strict=True)
        for one, other, weight in maps:
            a, b = one[0].double().numpy(), other[0].double().numpy()
            part = 0.0
            for row in range(a.shape[1]):
                for column in range(a.shape[2]):
                    u, v = a[:, row, column], b[:, row, column]
                    u = u / (math.sqrt((u**2).sum()) + 1e-10)
                    v = v / (math.sqrt((v**2).sum()) + 1e-10)
                    part += float((weight.numpy() * (u - v) ** 2).sum())
            total += part / (a.shape[1] * a.shape[2])
    assert metric(x, y).item() == pytest.approx(total, rel=1e-4)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(WeightsError, match="squeezenet1_1"):
        load_lpips(tmp_path)


SHAPES = {
    "alex": [(64, 15, 15), (192, 7, 7), (384, 3, 3), (256, 3, 3), (256, 3, 3)],
    "vgg": [(64, 64, 64), (128, 32, 32), (256, 16, 16), (512, 8, 8), (512, 4, 4)],
}


def drawn(backbone: Backbone) -> TappedBackbone:
    torch.manual_seed(1)
    return TappedBackbone(backbone).eval()


@pytest.mark.parametrize("backbone", [ALEXNET, VGG16], ids=lambda b: b.name)
def test_taps_are_the_relus_of_the_usual_networks(backbone):
    network = drawn(backbone)
    x = torch.rand(1, 3, 64, 64)
    taps = network(x)
    assert [tuple(one.shape[1:]) for one in taps] == SHAPES[backbone.name]
    y = x
    for index, layer in enumerate(network.features):
        y = torch.relu(y) if isinstance(layer, torch.nn.ReLU) else layer(y)
        if index in backbone.taps:
            assert torch.equal(taps[backbone.taps.index(index)], y)


@pytest.mark.parametrize("before", ["", "model."])
def test_published_features_are_found_under_any_prefix(tmp_path, before):
    network = drawn(ALEXNET)
    tensors = {f"{before}{k}": v for k, v in network.state_dict().items()}
    torch.save(tensors | {"classifier.1.weight": torch.zeros(2, 2)}, tmp_path / ALEXNET.files[1])
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(load_tapped(ALEXNET, tmp_path)(x)[-1], network(x)[-1])


@pytest.mark.parametrize("backbone", [ALEXNET, VGG16], ids=lambda b: b.name)
def test_nothing_stands_in_for_missing_features(tmp_path, backbone, monkeypatch):
    monkeypatch.setattr("animate_cli.hub.cached_path", lambda *_: None)
    with pytest.raises(WeightsError, match=r"fetch alexnet|vgg16\.safetensors"):
        load_tapped(backbone, tmp_path)
    with pytest.raises(WeightsError, match="lpips_heads"):
        load_lpips_on(backbone, tmp_path)
