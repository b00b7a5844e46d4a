"""LPIPS: zero for equals, grows with damage, symmetric, equal to the formula in loops."""

import math

import numpy as np
import pytest
import torch

from animate_cli.errors import WeightsError
from animate_cli.evaluate.lpips import Lpips, load_lpips
from animate_cli.layers.squeezenet import TAP_CHANNELS


@pytest.fixture(scope="module")
def metric() -> Lpips:
    torch.manual_seed(0)
    return Lpips([torch.rand(channels) for channels in TAP_CHANNELS]).eval()


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
        maps = zip(metric._features(x), metric._features(y), metric._heads, strict=True)
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
