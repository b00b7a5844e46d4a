"""LivePortrait as a model of this project, with the recipe's random weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from recipe_weights import recipe_state
from torch import Tensor, nn

from animate_cli.errors import WeightsError
from animate_cli.layers.grid import corner_grid, identity_grid
from animate_cli.models.liveportrait.appearance_extractor import AppearanceExtractor
from animate_cli.models.liveportrait.checkpoint import LivePortraitNetworks, load_networks
from animate_cli.models.liveportrait.keypoints import FaceCode, rotation
from animate_cli.models.liveportrait.model import (
    EYE_POINTS,
    LIP_POINTS,
    LivePortrait,
    LivePortraitSource,
    transfer,
)
from animate_cli.models.liveportrait.motion_extractor import POINTS, MotionExtractor
from animate_cli.models.liveportrait.spade_generator import SpadeGenerator
from animate_cli.models.liveportrait.stitching_retargeting import Eyes, Lips, StitchingNetwork
from animate_cli.models.liveportrait.warping import Warped, WarpingModule, flat_flow
from animate_cli.options import Amounts, Motion, MotionOptions, Only
from animate_cli.options import Stitching as Stitch

PLAIN = MotionOptions(stitching=Stitch.OFF)


def filled(network: nn.Module) -> nn.Module:
    network.load_state_dict(recipe_state(network))
    return network


@pytest.fixture(scope="module")
def model() -> LivePortrait:
    """Without the networks that draw: they are not called."""
    networks = LivePortraitNetworks(
        appearance=nn.Identity(),  # type: ignore[arg-type]
        motion=filled(MotionExtractor()),  # type: ignore[arg-type]
        warping=nn.Identity(),  # type: ignore[arg-type]
        generator=nn.Identity(),  # type: ignore[arg-type]
        stitching=filled(StitchingNetwork()),  # type: ignore[arg-type]
        eyes=filled(Eyes()),  # type: ignore[arg-type]
        lips=filled(Lips()),  # type: ignore[arg-type]
    )
    return LivePortrait(networks, device="cpu")


def faces(count: int, seed: int) -> FaceCode:
    """Plausible faces: small turns, small expressions."""
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=random)

    return FaceCode(
        canonical=0.3 * draw(POINTS, 3),
        pose_deg=12 * draw(3),
        expression=0.02 * draw(POINTS, 3),
        scale=1.4 + 0.05 * draw(1),
        place=0.05 * draw(2),
        openness=0.3 + 0.05 * draw(3),
    )


@pytest.fixture
def source() -> LivePortraitSource:
    code = faces(1, 1)
    points = code.motion.points(code.canonical)
    return LivePortraitSource(volume=torch.zeros(1, 32, 16, 8, 8), code=code, points=points)


DRIVER, ANCHOR = faces(3, 2), faces(1, 3)


def moved(model: LivePortrait, source: LivePortraitSource, options: MotionOptions) -> Tensor:
    return model.retarget(source, DRIVER.pack(), ANCHOR.pack(), options)


def test_no_motion_leaves_the_points(model: LivePortrait, source: LivePortraitSource) -> None:
    still = ANCHOR.pack()
    given = model.retarget(source, still, still, PLAIN)
    torch.testing.assert_close(given, source.points, atol=1e-5, rtol=0)
    none = moved(model, source, replace(PLAIN, strength=0.0))
    torch.testing.assert_close(none, source.points.expand_as(none), atol=1e-5, rtol=0)


def test_relative_motion_is_the_papers(model: LivePortrait, source: LivePortraitSource) -> None:
    own = source.code
    turn = rotation(DRIVER.pose_deg) @ rotation(ANCHOR.pose_deg).mT @ rotation(own.pose_deg)
    bent = own.canonical @ turn + own.expression + DRIVER.expression - ANCHOR.expression
    scale = own.scale * DRIVER.scale / ANCHOR.scale
    shift = own.place + DRIVER.place - ANCHOR.place
    expected = scale[..., None] * bent + torch.nn.functional.pad(shift, (0, 1))[:, None]
    torch.testing.assert_close(moved(model, source, PLAIN), expected, atol=1e-5, rtol=0)


def test_absolute_motion_is_the_drivers(model: LivePortrait, source: LivePortraitSource) -> None:
    given = moved(model, source, replace(PLAIN, motion=Motion.ABSOLUTE))
    expected = DRIVER.motion.points(source.code.canonical)
    torch.testing.assert_close(given, expected, atol=1e-5, rtol=0)
    other = replace(PLAIN, motion=Motion.ABSOLUTE, identity=1.0)
    expected = DRIVER.motion.points(ANCHOR.canonical)
    torch.testing.assert_close(moved(model, source, other), expected, atol=1e-5, rtol=0)


def test_another_square_moves_all_points_alike(model: LivePortrait) -> None:
    ratio, shift = torch.tensor([[1.7]]), torch.tensor([[0.2, -0.4]])
    there = FaceCode.unpack(model.reframe(DRIVER.pack(), ratio, shift))
    points = DRIVER.motion.points(DRIVER.canonical)
    places = ratio[..., None] * points + torch.nn.functional.pad(shift, (0, 1))
    torch.testing.assert_close(there.motion.points(there.canonical), places, atol=1e-5, rtol=0)


def test_only_the_pose(source: LivePortraitSource) -> None:
    amounts = MotionOptions(only=Only.POSE).amounts
    given = transfer(source.code, DRIVER, ANCHOR, amounts)
    assert torch.equal(given.expression, source.code.expression.expand(3, -1, -1))
    full = transfer(source.code, DRIVER, ANCHOR, Amounts())
    torch.testing.assert_close(given.rotation, full.rotation)


@pytest.mark.parametrize(("only", "taken"), [(Only.EYES, EYE_POINTS), (Only.LIPS, LIP_POINTS)])
def test_only_a_part(source: LivePortraitSource, only: Only, taken: tuple[int, ...]) -> None:
    given = transfer(source.code, DRIVER, ANCHOR, MotionOptions(only=only).amounts)
    changed = (given.expression != source.code.expression).any(dim=-1).all(dim=0)
    assert tuple(changed.nonzero()[:, 0].tolist()) == tuple(sorted(taken))
    assert torch.allclose(given.rotation, rotation(source.code.pose_deg), atol=1e-6)


def test_stitching_corrects_all_points(model: LivePortrait, source: LivePortraitSource) -> None:
    loose, stitched = (
        moved(model, source, MotionOptions(stitching=stitch)) for stitch in (Stitch.OFF, Stitch.ON)
    )
    both = torch.cat((source.points.expand_as(loose), loose), dim=1).flatten(1)
    delta = model._networks.stitching(both)
    expected = loose + delta[:, :63].view(3, 21, 3)
    expected[..., :2] += delta[:, None, 63:]
    torch.testing.assert_close(stitched, expected)


@pytest.mark.parametrize(
    ("amount", "network", "which"),
    [(Amounts(eyes=1.5), "eyes", slice(0, 2)), (Amounts(lips=1.5), "lips", slice(2, 3))],
)
def test_amounts_above_one_are_added_by_retargeting(
    model: LivePortrait, source: LivePortraitSource, amount: Amounts, network: str, which: slice
) -> None:
    now = source.code.openness[:, which]
    change = 0.5 * (DRIVER.openness - ANCHOR.openness)[:, which]
    wanted = (now + change).mean(dim=1, keepdim=True)
    known = torch.cat((source.points.flatten(1), now), dim=1).expand(3, -1)
    delta = getattr(model._networks, network)(torch.cat((known, wanted), dim=1))
    given = moved(model, source, replace(PLAIN, amount=amount)) - moved(model, source, PLAIN)
    torch.testing.assert_close(given, delta.view(3, 21, 3), atol=1e-5, rtol=0)


def test_codes_of_pictures(model: LivePortrait) -> None:
    pictures = torch.rand(2, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    landmarks = 512 * torch.rand(2, 74, 2, generator=torch.Generator().manual_seed(1))
    together = model.encode_driver(pictures, landmarks)
    alone = model.encode_driver(pictures[1:], landmarks[1:])
    assert together.shape == (2, 135)
    torch.testing.assert_close(alone, together[1:], atol=1e-4, rtol=0)
    with pytest.raises(ValueError, match="reads frames"):
        model.encode_driver(None, landmarks)


def test_depths_count_by_the_strength_of_their_features() -> None:
    """Two depths with displacements of their own; the features of one are three times as strong."""
    still = corner_grid(16, 4, 4)
    deformation = still.clone()
    deformation[:, 2, ..., 0] += 0.1
    deformation[:, 7, ..., 0] -= 0.3
    volume = torch.zeros(1, 32, 16, 4, 4)
    volume[:, :, 2], volume[:, :, 7] = 3.0, 1.0
    warped = Warped(
        out=torch.zeros(1), deformation=deformation, occlusion=torch.zeros(1), volume=volume
    )
    flow = flat_flow(warped)
    assert flow.shape == (1, 4, 4, 2)
    torch.testing.assert_close(flow[..., 0], torch.full((1, 4, 4), 0.9 * 0.1 - 0.1 * 0.3))
    assert torch.equal(flow[..., 1], torch.zeros(1, 4, 4))


def write(folder: Path) -> None:
    """The published layout, with the recipe's weights."""
    modules = {
        "base_models/appearance_feature_extractor.pth": AppearanceExtractor(),
        "base_models/motion_extractor.pth": MotionExtractor(),
        "base_models/warping_module.pth": WarpingModule(),
        "base_models/spade_generator.pth": SpadeGenerator(),
    }
    for name, network in modules.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        torch.save(recipe_state(network), folder / name)
    branches = {
        "retarget_shoulder": StitchingNetwork(),
        "retarget_mouth": Lips(),
        "retarget_eye": Eyes(),
    }
    nested = {
        branch: {f"module.{key}": value for key, value in recipe_state(network).items()}
        for branch, network in branches.items()
    }
    (folder / "retargeting_models").mkdir()
    torch.save(nested, folder / "retargeting_models" / "stitching_retargeting_module.pth")


@pytest.mark.slow
@torch.inference_mode()
def test_a_folder_of_ones_own_and_a_picture(tmp_path: Path) -> None:
    write(tmp_path)
    model = LivePortrait(load_networks(str(tmp_path)), device="cpu")
    picture = torch.rand(1, 3, 512, 512, generator=torch.Generator().manual_seed(0))
    source = model.encode_source(picture, 512 * torch.rand(1, 74, 2))
    rendered, state = model.render(source, source.points)
    assert state is None
    assert rendered.face.shape == (1, 3, 512, 512)
    assert 0 <= float(rendered.face.min()) <= float(rendered.face.max()) <= 1
    assert rendered.grid is not None
    torch.testing.assert_close(rendered.grid, identity_grid(512, 512), atol=1e-4, rtol=0)
    assert rendered.refine_mask is not None
    assert rendered.refine_mask.shape == (1, 1, 512, 512)


def test_a_folder_without_them_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no appearance_feature_extractor"):
        load_networks(str(tmp_path))
