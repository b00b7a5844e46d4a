"""first-order-model as a model of this project, with the recipe's random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from recipe_weights import recipe_state
from torch import Tensor
from toy_world import ToyNetworks, ToyWorld

from animate_cli.errors import OptionError, WeightsError
from animate_cli.layers.grid import identity_grid
from animate_cli.models.find import find_model
from animate_cli.models.first_order.generator import Generator
from animate_cli.models.first_order.keypoint_detector import KeyPointDetector
from animate_cli.models.first_order.model import FirstOrder, FirstOrderSource
from animate_cli.options import Amounts, ComputeOptions, Motion, MotionOptions, Options
from animate_cli.pipeline import Animator

POINTS = torch.zeros(1, 74, 2)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file laid out as the published one."""
    path = tmp_path_factory.mktemp("weights") / "vox-cpk.pth.tar"
    content = {
        "generator": recipe_state(Generator()),
        "kp_detector": recipe_state(KeyPointDetector()),
        "discriminator": {"x": torch.zeros(3)},
        "optimizer_generator": {"state": {0: {"step": 3}}, "param_groups": [{"lr": 2e-4}]},
        "epoch": 99,
    }
    torch.save(content, path)
    return path


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> FirstOrder:
    found = find_model("first_order", device="cpu", weights=str(checkpoint))
    assert isinstance(found, FirstOrder)
    return found


@pytest.fixture(scope="module")
def picture() -> Tensor:
    seeds = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(5))
    return torch.nn.functional.interpolate(seeds, (256, 256), mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def source(model: FirstOrder, picture: Tensor) -> FirstOrderSource:
    """Encoded once: tests only read it."""
    with torch.inference_mode():
        return model.encode_source(picture, POINTS)


@pytest.fixture(scope="module")
def own(model: FirstOrder, picture: Tensor) -> Tensor:
    """The picture's own code, as a driver."""
    with torch.inference_mode():
        return model.encode_driver(picture, POINTS)


def codes(model: FirstOrder, count: int) -> Tensor:
    """Some faces' codes, plausible and different."""
    noise = torch.randn(count, 60, generator=torch.Generator().manual_seed(3))
    bend = torch.eye(2).flatten().repeat(10).expand(count, -1)
    places = torch.linspace(-0.5, 0.5, 20).expand(count, -1)
    return torch.cat((places, bend), dim=1) + 0.05 * noise


@torch.inference_mode()
def test_no_motion_leaves_the_points(
    model: FirstOrder, source: FirstOrderSource, own: Tensor
) -> None:
    anchor = codes(model, 1)
    for options in (MotionOptions(), MotionOptions(strength=2.0), MotionOptions(strength=0.0)):
        still = codes(model, 3) if options.strength == 0 else anchor
        moved = model.retarget(source, still, anchor, options)
        torch.testing.assert_close(moved, own.expand_as(moved), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_absolute_motion_is_the_drivers_own(model: FirstOrder, source: FirstOrderSource) -> None:
    driver = codes(model, 2)
    options = MotionOptions(motion=Motion.ABSOLUTE)
    moved = model.retarget(source, driver, codes(model, 1), options)
    torch.testing.assert_close(moved, driver, atol=1e-6, rtol=0)


@torch.inference_mode()
def test_the_square_does_not_matter(model: FirstOrder, source: FirstOrderSource) -> None:
    """Driver and anchor seen through another square, larger and elsewhere: the same motion."""
    driver, anchor = codes(model, 3), codes(model, 1)
    ratio, shift = torch.tensor([[1.7]]), torch.tensor([[0.2, -0.4]])
    elsewhere = (model.reframe(code, ratio, shift) for code in (driver, anchor))
    given = model.retarget(source, *elsewhere, MotionOptions())
    expected = model.retarget(source, driver, anchor, MotionOptions())
    torch.testing.assert_close(given, expected, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_two_together_are_two_alone_and_shapes(model: FirstOrder, source: FirstOrderSource) -> None:
    driver = codes(model, 2)
    together, state = model.render(source, driver)
    alone, _ = model.render(source, driver[1:])
    assert state is None
    assert together.face.shape == (2, 3, 256, 256)
    assert together.grid is not None
    assert together.grid.shape == (2, 256, 256, 2)
    assert together.refine_mask is not None
    assert 0 <= float(together.refine_mask.min()) <= float(together.refine_mask.max()) <= 1
    torch.testing.assert_close(alone.face, together.face[1:], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_points_at_rest_give_an_identity_grid(
    model: FirstOrder, source: FirstOrderSource, own: Tensor
) -> None:
    rendered, _ = model.render(source, own)
    assert rendered.grid is not None
    torch.testing.assert_close(rendered.grid, identity_grid(256, 256), atol=1e-4, rtol=0)


def test_parts_of_the_motion_are_refused(model: FirstOrder, source: FirstOrderSource) -> None:
    driver = codes(model, 1)
    for options in (MotionOptions(amount=Amounts(eyes=0.0)), MotionOptions(identity=0.5)):
        with pytest.raises(OptionError, match="first_order"):
            model.retarget(source, driver, driver, options)


@torch.inference_mode()
def test_half_of_every_part_is_half_of_the_whole(
    model: FirstOrder, source: FirstOrderSource
) -> None:
    driver, anchor = codes(model, 2), codes(model, 1)
    parts = Amounts(pose=0.5, expression=0.5, eyes=0.5, gaze=0.5, lips=0.5)
    by_parts = model.retarget(source, driver, anchor, MotionOptions(amount=parts))
    whole = model.retarget(source, driver, anchor, MotionOptions(strength=0.5))
    torch.testing.assert_close(by_parts, whole)


def test_weights_are_the_users_own(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no weights of its own"):
        find_model("first_order", device="cpu")
    strange = tmp_path / "other.pth.tar"
    torch.save({"generator": {"a": torch.zeros(1)}, "kp_detector": {"a": torch.zeros(1)}}, strange)
    with pytest.raises(WeightsError, match=r"other\.pth\.tar"):
        find_model("first_order", device="cpu", weights=str(strange))


def test_a_whole_run(toy: ToyWorld, model: FirstOrder) -> None:
    motion = MotionOptions(model="first_order")
    options = Options(compute=ComputeOptions(threads=1), motion=motion)
    animator = Animator(options, networks=ToyNetworks(model))
    frames = list(animator.frames(toy.photo(), toy.driver(frames=3)))
    assert [frame.pixels.shape for frame in frames] == [(120, 160, 3)] * 3
    assert not (frames[0].pixels == frames[2].pixels).all()
