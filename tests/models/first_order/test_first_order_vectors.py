"""first-order-model as published: names, shapes and numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from recipe_weights import ALL, KEPT, Draws, fingerprint, recipe_state, worst
from torch import Tensor, nn

from animate_cli.layers.grid import sample
from animate_cli.layers.inference.prepare import fuse_for_inference, use_fast_convs
from animate_cli.models.first_order.generator import Generator
from animate_cli.models.first_order.keypoint_detector import KeyPointDetector, KeyPoints
from animate_cli.models.first_order.relative_motion import relative_keypoints, spread

TOLERANCE = 2e-5
WARPED = 1e-4  # white noise magnifies what a grid is off by


@pytest.fixture(scope="module")
def detector() -> KeyPointDetector:
    network = KeyPointDetector().eval()
    network.load_state_dict(recipe_state(network))
    return network


@pytest.fixture(scope="module")
def generator() -> Generator:
    network = Generator().eval()
    network.load_state_dict(recipe_state(network))
    return network


def test_the_recipe_weights_are_the_authors(
    detector: KeyPointDetector, generator: Generator
) -> None:
    assert fingerprint(detector.state_dict()) == "fe876c8a47cc7a346094da57d66d15cf"
    assert fingerprint(generator.state_dict()) == "7afb1ef80a8455c6c3ced77f04b03d95"


@pytest.mark.parametrize("name", ["generator", "kp_detector"])
def test_names_and_shapes_are_the_published_ones(name: str) -> None:
    listing = ALL / "fomm_vox256_state.json"
    if not listing.is_file():
        pytest.skip("needs ../shared/interop")
    published = json.loads(listing.read_text())["modules"][name]
    network: nn.Module = {"generator": Generator, "kp_detector": KeyPointDetector}[name]()
    ours = {key: list(value.shape) for key, value in network.state_dict().items()}
    assert ours == {one["name"]: one["shape"] for one in published}


@torch.inference_mode()
def test_key_points(detector: KeyPointDetector) -> None:
    picture = Draws().uniform(1, 3, 256, 256)
    points = detector(picture)
    small = detector.down(picture)
    given = {
        "value": points.value,
        "jacobian": points.jacobian,
        "down": small,
        "heatmap_logits": detector.kp(detector.predictor(small)),
    }
    assert max(worst(KEPT, "fomm/kp_detector_256", given).values()) < TOLERANCE


def moved(generator: Generator, size: int) -> dict[str, Tensor]:
    """Every output of the generator for the vectors' inputs."""
    draws = Draws()
    source = draws.uniform(1, 3, size, size)
    value = (draws.uniform(1, 10, 2) * 2 - 1) * 0.8
    there = value + 0.1 * draws.normal(1, 10, 2)
    bends = [torch.eye(2) + 0.1 * draws.normal(1, 10, 2, 2) for _ in range(2)]
    rest = KeyPoints(value=value, jacobian=bends[0])
    target = KeyPoints(value=there, jacobian=bends[1])
    picture, motion = generator(generator.encode(source), rest, target)
    large = F.interpolate(
        motion.deformation.permute(0, 3, 1, 2), (size, size), mode="bilinear", align_corners=False
    )
    return {
        "mask": motion.mask,
        "sparse_deformed": motion.sparse_deformed,
        "occlusion_map": motion.occlusion,
        "deformation": motion.deformation,
        "deformed": sample(source, large.permute(0, 2, 3, 1)),
        "prediction": picture,
    }


def used(generator: Generator) -> Generator:
    """As it runs on a CPU."""
    return use_fast_convs(fuse_for_inference(generator))


def check(folder: Path, generator: Generator, size: int) -> None:
    found = worst(folder, f"fomm/generator_{size}", moved(generator, size))
    assert found.pop("deformed") < WARPED
    assert max(found.values()) < TOLERANCE


@torch.inference_mode()
def test_the_generator_at_128(generator: Generator) -> None:
    check(KEPT, generator, 128)
    check(KEPT, used(generator), 128)


@pytest.mark.slow
@torch.inference_mode()
def test_the_generator_at_256(generator: Generator) -> None:
    if not ALL.is_dir():
        pytest.skip("needs ../shared/interop")
    check(ALL, generator, 256)
    check(ALL, used(generator), 256)


def test_relative_motion() -> None:
    draws = Draws()
    source, driver, anchor = (
        KeyPoints(
            value=(draws.uniform(1, 10, 2) * 2 - 1) * 0.8,
            jacobian=torch.eye(2) + 0.1 * draws.normal(1, 10, 2, 2),
        )
        for _ in range(3)
    )
    scale = spread(source.value[0]) / spread(anchor.value[0])
    given = {"abs": driver, "rel": relative_keypoints(source, driver, anchor)}
    given["rel_adapt"] = relative_keypoints(source, driver, anchor, scale=scale)
    flat = {f"{k}.value": v.value for k, v in given.items()}
    flat |= {f"{k}.jacobian": v.jacobian for k, v in given.items()}
    assert max(worst(KEPT, "fomm/normalize_kp", flat).values()) < TOLERANCE
