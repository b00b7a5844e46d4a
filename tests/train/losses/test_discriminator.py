"""The discriminator: its maps' shapes, what a value sees, that it learns; least squares by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from animate_cli.train.losses.discriminator import (
    Discriminator,
    DiscriminatorConfig,
    PatchDiscriminator,
)
from animate_cli.train.losses.losses import gan_critic, gan_generator

SMALL = DiscriminatorConfig(width=4, widest=16)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_a_map_per_scale():
    network = Discriminator(DiscriminatorConfig(width=4, widest=16, scales=(1, 2)))
    one, two = network(torch.rand(2, 3, 128, 160))
    assert one.shape[:2] == two.shape[:2] == (2, 1)
    assert one.shape[2] > two.shape[2]


def test_a_value_sees_53_pixels_and_no_border():
    network = PatchDiscriminator(DiscriminatorConfig(width=4, widest=16, spectral=False)).double()
    for layer in network.modules():
        if isinstance(layer, nn.InstanceNorm2d):  # it sees the whole map
            layer.forward = lambda x: x
    pictures = torch.rand(1, 3, 96, 96, dtype=torch.float64, requires_grad=True)
    network(pictures)[0, 0, 1, 1].backward()
    seen = pictures.grad.abs().sum(dim=(0, 1)) > 0
    assert seen.any(dim=0).sum() == seen.any(dim=1).sum() == 53


def test_samples_do_not_see_each_other():
    network = Discriminator(SMALL).eval()
    pictures = torch.rand(2, 3, 64, 64)
    both = network(pictures)[0]
    torch.testing.assert_close(both[:1], network(pictures[:1])[0])


def test_spectral_weights_have_norm_one():
    network = PatchDiscriminator(SMALL)
    for _ in range(30):
        network(torch.rand(1, 3, 64, 64))
    weight = network.eval().layers[0].weight
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_least_squares_by_hand():
    true = [torch.tensor([[[[0.5, 1.0]]]]), torch.tensor([[[[2.0]]]])]
    drawn = [torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[-1.0]]]])]
    assert gan_critic(true, drawn).item() == pytest.approx(0.125 + 1 + 0.5 + 1)
    assert gan_generator(drawn).item() == pytest.approx(0.5 + 4)


def test_perfect_judgement_costs_the_critic_nothing_and_the_network_all():
    true, drawn = [torch.ones(2, 1, 3, 3)], [torch.zeros(2, 1, 3, 3)]
    assert gan_critic(true, drawn) == 0
    assert gan_generator(drawn) == 1
    assert gan_generator(true) == 0


def test_it_learns_to_tell_smooth_pictures_from_noise():
    network = Discriminator(DiscriminatorConfig(width=4, depth=2, spectral=False))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        noise = torch.rand(4, 3, 32, 32)
        smooth = nn.functional.avg_pool2d(noise, 9, stride=1, padding=4)
        loss = gan_critic(network(smooth), network(noise))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
