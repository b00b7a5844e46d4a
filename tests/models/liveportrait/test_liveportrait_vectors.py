"""LivePortrait as published: names, shapes and numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import pytest
import torch
from recipe_weights import ALL, KEPT, Draws, fingerprint, recipe_state, worst
from torch import Tensor, nn

from animate_cli.layers.inference.prepare import fuse_for_inference, use_fast_convs
from animate_cli.models.liveportrait.appearance_extractor import DEPTH, AppearanceExtractor
from animate_cli.models.liveportrait.keypoints import FaceCode
from animate_cli.models.liveportrait.motion_extractor import POINTS, MotionExtractor, to_degrees
from animate_cli.models.liveportrait.spade_generator import SpadeGenerator
from animate_cli.models.liveportrait.stitching_retargeting import (
    Corrector,
    Eyes,
    Lips,
    StitchingNetwork,
)
from animate_cli.models.liveportrait.warping import WarpingModule

TOLERANCE = 2e-5
SENSITIVE = 1e-4  # the warped white noise, and degrees

Network = TypeVar("Network", bound=nn.Module)

NETWORKS = {
    "appearance_feature_extractor": (AppearanceExtractor, "be74ad6ae4ba35aae7964e4a8ef1f73e"),
    "motion_extractor": (MotionExtractor, "61683e0e4f1dfd7cf9b02233e11d1b36"),
    "warping_module": (WarpingModule, "b95a747b8a9c0e73359dfc7a16ce1be1"),
    "spade_generator": (SpadeGenerator, "db10b7d4f0f2b5996b6b7a75dfd290b5"),
    "retarget_shoulder": (StitchingNetwork, "827608534dd53e5a11412dd3020f5a0a"),
    "retarget_mouth": (Lips, "9af1f686c6635eabeb39387ed76c0fd5"),
    "retarget_eye": (Eyes, "e3a0fc17a817ad47457f1ab4e9d88f68"),
}


@lru_cache(maxsize=2)
def filled(kind: type[Network]) -> Network:
    """The network with the recipe's weights; tests of one network stand together."""
    network = kind().eval()
    network.load_state_dict(recipe_state(network))
    return network


def published() -> dict[str, dict[str, list[int]]]:
    """Names and shapes per module."""
    listing = ALL / "liveportrait_human_state.json"
    if not listing.is_file():
        pytest.skip("needs ../shared/interop")
    found = {}
    for file in json.loads(listing.read_text())["files"].values():
        parts = file.get("sub", {file["module"]: file})
        for name, part in parts.items():
            found[name] = {one["name"]: one["shape"] for one in part["tensors"]}
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_names_and_shapes_are_the_published_ones(name: str) -> None:
    theirs = published()[name]
    network = NETWORKS[name][0]()
    assert {key: list(value.shape) for key, value in network.state_dict().items()} == theirs


def is_as_the_author_filled_it(network: nn.Module) -> bool:
    """Whether the recipe was followed: else no number below means anything."""
    return (type(network), fingerprint(network.state_dict())) in NETWORKS.values()


@pytest.mark.parametrize(
    ("kind", "name"), [(StitchingNetwork, "stitching"), (Lips, "lip"), (Eyes, "eye")]
)
@torch.inference_mode()
def test_correctors(kind: type[Corrector], name: str) -> None:
    network = filled(kind)
    assert is_as_the_author_filled_it(network)
    y = network(Draws().normal(2, network.mlp[0].in_features))
    assert worst(KEPT, f"liveportrait/{name}", {"y": y})["y"] < TOLERANCE


@torch.inference_mode()
def test_the_motion_and_its_equations() -> None:
    network = filled(MotionExtractor)
    assert is_as_the_author_filled_it(network)
    heads = network(Draws().uniform(1, 3, 256, 256))
    code = FaceCode.read(heads, torch.zeros(1, 3))
    assert torch.equal(FaceCode.unpack(code.pack()).pack(), code.pack())
    motion = code.motion
    given = dict(vars(heads)) | {
        f"{angle}_deg": to_degrees(getattr(heads, angle))[:, None]
        for angle in ("pitch", "yaw", "roll")
    }
    given["R"] = motion.rotation
    given["kp_transformed"] = motion.points(code.canonical)
    found = worst(KEPT, "liveportrait/motion_extractor_256", given)
    assert max(v for k, v in found.items() if k.endswith("_deg")) < SENSITIVE
    assert max(v for k, v in found.items() if not k.endswith("_deg")) < TOLERANCE


def plain(network: Network) -> Network:
    """As it is published."""
    return network


def used(network: Network) -> Network:
    """As it runs on a CPU."""
    return use_fast_convs(fuse_for_inference(network), depth=DEPTH)


Way = Callable[[nn.Module], nn.Module]
WAYS = (plain, used)


def check_appearance(folder: Path, size: int) -> None:
    network = filled(AppearanceExtractor)
    assert is_as_the_author_filled_it(network)
    volume = network(Draws().uniform(1, 3, size, size))
    name = f"liveportrait/appearance_feature_extractor_{size}"
    assert worst(folder, name, {"feature_3d": volume})["feature_3d"] < TOLERANCE


def check_warping(folder: Path, size: int, way: Way) -> None:
    draws = Draws()
    volume = draws.normal(1, 32, 16, size, size)
    source = (draws.uniform(1, POINTS, 3) * 2 - 1) * 0.7
    driver = source + 0.1 * draws.normal(1, POINTS, 3)
    network = filled(WarpingModule)
    assert is_as_the_author_filled_it(network)
    warped = way(network)(volume, source, driver)
    given: dict[str, Tensor] = {
        "occlusion_map": warped.occlusion,
        "deformation": warped.deformation,
        "out": warped.out,
    }
    found = worst(folder, f"liveportrait/warping_module_{size}", given)
    assert found.pop("out") < SENSITIVE
    assert max(found.values()) < TOLERANCE


def check_generator(folder: Path, size: int, way: Way) -> None:
    network = filled(SpadeGenerator)
    assert is_as_the_author_filled_it(network)
    picture = way(network)(Draws().normal(1, 256, size, size))
    name = f"liveportrait/spade_generator_{size}"
    assert worst(folder, name, {"out": picture})["out"] < TOLERANCE


@torch.inference_mode()
def test_appearance_at_128() -> None:
    check_appearance(KEPT, 128)


@pytest.mark.parametrize("way", WAYS)
@torch.inference_mode()
def test_warping_at_32(way: Way) -> None:
    check_warping(KEPT, 32, way)


@pytest.mark.parametrize("way", WAYS)
@torch.inference_mode()
def test_the_generator_at_16(way: Way) -> None:
    check_generator(KEPT, 16, way)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", WAYS)
@torch.inference_mode()
def test_everything_at_full_size(way: Way) -> None:
    if not ALL.is_dir():
        pytest.skip("needs ../shared/interop")
    check_appearance(ALL, 256)
    check_warping(ALL, 64, way)
    check_generator(ALL, 64, way)
