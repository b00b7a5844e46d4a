"""The perceptual loss: zero for equals, equal to its formula, differentiable, able to teach."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from animate_cli.errors import WeightsError
from animate_cli.evaluate.metrics.networks.lpips import load_lpips
from animate_cli.layers.pretrained.squeezenet import TAP_CHANNELS, SqueezeNetFeatures
from animate_cli.layers.pretrained.vgg19 import Vgg19Features
from animate_cli.train.losses.perceptual import (
    Features,
    Perceptual,
    load_perceptual,
    same_random_crop,
)

MEAN, DEVIATION = (
    torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
)


class TwoTaps(nn.Module):
    """A network small enough for gradcheck, without kinks."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3, padding=1)
        self.two = nn.Conv2d(4, 5, 3, stride=2)

    def forward(self, x):
        first = self.one(x).tanh()
        return [first, self.two(first).tanh()]


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights by chance, under the names of the true ones."""
    squeezenet = {k: v.half() for k, v in SqueezeNetFeatures().state_dict().items()}
    save_file(squeezenet, tmp_path / "squeezenet1_1_fp16.safetensors")
    heads = {f"squeeze.lin{i}": torch.rand(c) for i, c in enumerate(TAP_CHANNELS)}
    save_file(heads, tmp_path / "lpips_heads_v0.1.safetensors")
    return tmp_path


@pytest.mark.parametrize("kind", [Features.SQUEEZENET, Features.LPIPS])
def test_equals_cost_nothing_and_damage_costs_more_the_more_of_it(folder, kind):
    loss = load_perceptual(kind=kind, folder=folder, scales=(1, 2))
    target, noise = torch.rand(2, 3, 64, 48), torch.rand(2, 3, 64, 48)
    assert loss(target, target).item() == 0
    near, far = (loss(target.lerp(noise, share), target).item() for share in (0.1, 0.5))
    assert 0 < near < far


def test_equation_4_in_loops():
    network = TwoTaps()
    loss = Perceptual(network, scales=(1, 2))
    found, target = torch.rand(2, 3, 12, 16), torch.rand(2, 3, 12, 16)
    total = 0.0
    for scale in (1, 2):
        shown = [
            (p.unflatten(3, (-1, scale)).unflatten(2, (-1, scale)).mean(dim=(3, 5)) - MEAN)
            / DEVIATION
            for p in (found, target)
        ]
        for one, other in zip(*(network(p) for p in shown), strict=True):
            total += (one - other).abs().sum().item() / one.numel()
    assert loss(found, target).item() == pytest.approx(total, rel=1e-5)


def test_lpips_as_a_loss_is_the_metric(folder):
    loss = load_perceptual(kind=Features.LPIPS, folder=folder, scales=(1,))
    found, target = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    metric = load_lpips(folder)(found, target).mean().item()
    assert loss(found, target).item() == pytest.approx(metric, rel=1e-2)


@pytest.mark.parametrize("heads", [(), (torch.rand(4), torch.rand(5))], ids=["l1", "lpips"])
def test_its_gradient_is_its_slope_and_goes_to_what_was_found_alone(heads):
    loss = Perceptual(TwoTaps(), scales=(1, 2), heads=heads).double()
    found = torch.rand(1, 3, 6, 6, dtype=torch.float64, requires_grad=True)
    target = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: loss(x, target), (found,))
    target.requires_grad_()
    loss(found, target).backward()
    assert target.grad is None
    assert all(weight.grad is None for weight in loss.parameters())


def test_black_pictures_have_a_finite_slope(folder):
    loss = load_perceptual(kind=Features.LPIPS, folder=folder, scales=(1,))
    found = torch.zeros(1, 3, 64, 64, requires_grad=True)
    loss(found, torch.rand(1, 3, 64, 64)).backward()
    assert found.grad is not None
    assert found.grad.isfinite().all()


def test_a_picture_that_follows_it_comes_nearer():
    loss = Perceptual(TwoTaps(), scales=(1,))
    target, found = torch.rand(1, 3, 16, 16), torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    optimiser = torch.optim.Adam([found], lr=0.02)
    before = F.l1_loss(found, target).item()
    for _ in range(100):
        optimiser.zero_grad()
        loss(found, target).backward()
        optimiser.step()
    assert F.l1_loss(found, target).item() < before / 2


def test_vgg_19_has_the_usual_names_and_taps():
    with torch.device("meta"):
        network = Vgg19Features()
        shapes = [tuple(tap.shape) for tap in network(torch.empty(1, 3, 32, 48))]
    assert shapes == [
        (1, 64, 32, 48),
        (1, 128, 16, 24),
        (1, 256, 8, 12),
        (1, 512, 4, 6),
        (1, 512, 2, 3),
    ]
    # torchvision's vgg19: convolutions of configuration E up to conv5_1
    convolutions = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
    expected = {f"features.{n}.{part}" for n in convolutions for part in ("weight", "bias")}
    assert set(network.state_dict()) == expected


@pytest.mark.parametrize(
    ("kind", "named"), [(Features.VGG19, "vgg19"), (Features.LPIPS, "lpips_heads")]
)
def test_missing_weights_are_named_with_a_way_to_get_them(tmp_path, kind, named, monkeypatch):
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match=named) as caught:
        load_perceptual(kind=kind, folder=tmp_path)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["vgg19.safetensors", "vgg19-dcbb9e9d.pth"])
def test_vgg_19_is_read_from_either_file_whatever_else_it_holds(tmp_path, name, monkeypatch):
    tensors = {k: 0.01 * torch.randn(v.shape) for k, v in Vgg19Features().state_dict().items()}
    tensors["classifier.0.weight"] = torch.zeros(2, 2)
    if name.endswith("pth"):
        torch.save(tensors, tmp_path / name)
        monkeypatch.setattr(
            "animate_cli.layers.pretrained.vgg19.sha256_of", lambda path: "dcbb9e9d" + 56 * "0"
        )
    else:
        save_file(tensors, tmp_path / name)
    loss = load_perceptual(kind=Features.VGG19, folder=tmp_path, scales=(1,))
    picture = torch.rand(1, 3, 32, 32)
    assert loss(picture, picture) == 0
    assert loss(picture, 1 - picture) > 0


def test_a_download_that_was_cut_off_is_refused(tmp_path):
    (tmp_path / "vgg19-dcbb9e9d.pth").write_bytes(b"half")
    with pytest.raises(WeightsError, match="sha256"):
        load_perceptual(kind=Features.VGG19, folder=tmp_path)


def test_a_view_is_the_same_square_of_both() -> None:
    one = torch.arange(400.0).view(1, 1, 20, 20)
    first, second = same_random_crop(one, one + 1, 0.5)
    assert first.shape == (1, 1, 10, 10)
    assert torch.equal(first + 1, second)
    whole, _ = same_random_crop(one, one, 1.0)
    assert torch.equal(whole, one)
