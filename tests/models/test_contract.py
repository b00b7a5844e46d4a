"""The promises of every model; a new model is tested by being there.

A model whose weights are not in the checkout is built with the weights of `recipe_weights`.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from places import ROOT
from recipe_weights import recipe_state
from torch import Tensor, nn

from animate_cli.layers.grid import identity_grid
from animate_cli.models.base import FaceModel
from animate_cli.models.find import find_model, model_names
from animate_cli.options import Motion, MotionOptions, Stitching
from animate_cli.records import BODY, Rendered

Model = FaceModel[Any, Any, Any]

HEAVY = ("liveportrait",)
"""Models that take many seconds to render a frame on a CPU: their frames are slow tests."""

every_model = pytest.mark.parametrize("model", model_names(), indirect=True)
every_model_renders = pytest.mark.parametrize(
    "model",
    [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in model_names()],
    indirect=True,
)


def _has_weights_elsewhere(name: str) -> bool:
    create = importlib.import_module(f"animate_cli.models.{name}.model").create_model
    takes_weights = "weights" in inspect.signature(create).parameters
    return takes_weights and not (ROOT / "weights" / f"{name}.safetensors").is_file()


def _open(name: str, folder: Path) -> Model:
    """A model by its name; folder: an empty one."""
    if not _has_weights_elsewhere(name):
        return find_model(name, device="cpu")
    load = nn.Module.load_state_dict

    def fill(network: nn.Module, *_: object, strict: bool = True) -> object:
        return load(network, recipe_state(network), strict=strict)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("animate_cli.hub.load_published", lambda *_, **__: {})
        patch.setattr(nn.Module, "load_state_dict", fill)
        return find_model(name, device="cpu", weights=str(folder / "any.safetensors"))


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    """Those that are open already, by name."""
    return {}


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, int], Case]:
    """Those that are encoded already, by the model's name and the rows of the body."""
    return {}


@pytest.fixture
def model(request: pytest.FixtureRequest, models: dict[str, Model], tmp_path: Path) -> Model:
    """One model by its name, opened once in whatever order the tests run."""
    name = str(request.param)
    if name not in models:
        models[name] = _open(name, tmp_path)
    return models[name]


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


class Case:
    """One face at the model's size, and codes: source, one anchor frame, two frames that move."""

    def __init__(self, model: Model, picture: Tensor, points: Tensor, body: int) -> None:
        ratio = model.face_size / picture.shape[-1]
        self.points = (points + 0.5) * ratio - 0.5
        size = (model.face_size, model.face_size)
        self.picture = picture if ratio == 1 else F.interpolate(picture, size, mode="bilinear")
        random = torch.Generator().manual_seed(1)
        motion = torch.randn(2, 74, 2, generator=random) * 1.5 * ratio
        swings = torch.randn(2, body, 2, generator=random) * 0.05
        brighter = torch.cat((self.picture.roll(5, 3), self.picture.roll(-4, 2) * 0.9))
        reads_frames = model.frame_encoder() is not None
        start, frames = (self.picture, brighter) if reads_frames else (None, None)
        still = torch.zeros(1, body, 2)
        self.moved = torch.cat((self.points + motion, swings), dim=1)
        self.frames = frames
        self.source = model.encode_source(self.picture, self.points)
        self.anchor = model.encode_driver(start, torch.cat((self.points, still), dim=1))
        self.driver = model.encode_driver(frames, self.moved)


@pytest.fixture(params=[0, BODY])
def case(
    request: pytest.FixtureRequest,
    model: Model,
    cases: dict[tuple[str, int], Case],
    face_picture: Tensor,
    face_points: Tensor,
) -> Case:
    """Without and with the rows of the body below the landmarks; tests only read it."""
    body = int(request.param)
    if body and model.frame_encoder() is not None:
        pytest.skip("a model that reads frames is given landmarks alone")
    key = request.node.callspec.params["model"], body
    if key not in cases:
        cases[key] = Case(model, face_picture, face_points, body)
    return cases[key]


def _render(model: Model, case: Case, options: MotionOptions, codes: Any = None) -> Rendered:
    driver = case.driver if codes is None else codes
    moved = model.retarget(case.source, driver, case.anchor, options)
    rendered, state = model.render(case.source, moved)
    assert state is None
    return rendered


@every_model
def test_a_model_that_reads_frames_has_codes_of_its_encoder(model: Model, case: Case) -> None:
    encoder = model.frame_encoder()
    if encoder is None:
        return
    assert encoder.encoder_id
    assert encoder.gmac_per_frame > 0
    assert encoder.face_size == model.face_size
    assert case.driver.shape == (2, case.anchor.shape[1])
    same = encoder.reframe(case.driver, torch.ones(1, 1), torch.zeros(1, 2))
    torch.testing.assert_close(same, case.driver)
    ratio, shift = torch.tensor([[0.7]]), torch.tensor([[0.2, -0.1]])
    other = encoder.reframe(case.driver, ratio, shift)
    assert not torch.equal(other, case.driver)
    torch.testing.assert_close(encoder.reframe(other, 1 / ratio, -shift / ratio), case.driver)


@every_model
def test_a_frames_code_does_not_depend_on_its_batch(model: Model, case: Case) -> None:
    moved = model.retarget(case.source, case.driver, case.anchor, MotionOptions())
    for k in range(2):
        frame = slice(k, k + 1)
        faces = None if case.frames is None else case.frames[frame]
        code = model.encode_driver(faces, case.moved[frame])
        torch.testing.assert_close(code, case.driver[frame], atol=1e-4, rtol=0)
        alone = model.retarget(case.source, case.driver[frame], case.anchor, MotionOptions())
        torch.testing.assert_close(alone, moved[frame], atol=1e-4, rtol=0)


@every_model
def test_no_motion_and_none_of_it_are_the_same_code(model: Model, case: Case) -> None:
    still = model.retarget(case.source, case.anchor, case.anchor, MotionOptions())
    none = model.retarget(case.source, case.driver, case.anchor, MotionOptions(strength=0.0))
    torch.testing.assert_close(none, still.expand_as(none), atol=2e-3, rtol=0)


@every_model_renders
def test_shapes_and_ranges(model: Model, case: Case) -> None:
    rendered, size = _render(model, case, MotionOptions()), model.face_size
    assert rendered.face.shape == (2, 3, size, size)
    assert rendered.face.min() >= 0
    assert rendered.face.max() <= 1
    assert rendered.grid is None or rendered.grid.shape == (2, size, size, 2)
    mask = rendered.refine_mask
    assert mask is None or mask.shape == (2, 1, size, size)
    assert mask is None or (mask.min() >= 0 and mask.max() <= 1)


@every_model_renders
def test_a_batch_of_two_is_two_of_one(model: Model, case: Case) -> None:
    together = _render(model, case, MotionOptions())
    for k in range(2):
        single = _render(model, case, MotionOptions(), case.driver[k : k + 1])
        torch.testing.assert_close(single.face, together.face[k : k + 1], atol=1e-4, rtol=0)


@every_model_renders
@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_no_motion_is_the_identity_grid(model: Model, case: Case, strength: float) -> None:
    """Landmark models also give the source back; a generator of random weights cannot.

    Nor can networks of random weights that correct key points leave them at rest: stitching is off,
    and no amount is above 1, from where on they are asked.
    """
    if strength > 1 and model.frame_encoder() is not None:
        pytest.skip("amounts above 1 are for networks that were trained")
    still = case.driver[:1] if strength == 0 else case.anchor
    options = MotionOptions(strength=strength, stitching=Stitching.OFF)
    rendered = _render(model, case, options, still)
    if rendered.grid is not None:
        identity = identity_grid(model.face_size, model.face_size)
        torch.testing.assert_close(rendered.grid, identity, atol=1e-3, rtol=0)
    if model.frame_encoder() is None:
        same = (rendered.face * 255).round() == (case.picture * 255).round()
        assert (rendered.face - case.picture).abs().max() < 1e-4
        assert same.float().mean() > 0.999


@every_model_renders
@pytest.mark.parametrize("motion", list(Motion))
def test_the_same_twice(model: Model, case: Case, motion: Motion) -> None:
    once, again = (_render(model, case, MotionOptions(motion=motion)) for _ in range(2))
    assert torch.equal(once.face, again.face)
