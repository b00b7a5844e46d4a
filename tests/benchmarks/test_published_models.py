"""Bars: what a frame of the published models costs on a CPU, in warps of 1024 x 1024 pixels.

The reference code takes 346 warps a frame for LivePortrait and 22 for first-order-model with its
source cached, on the machine where it was measured. How fast a warp is against convolutions
differs between machines; so ours is also held against the same networks as published, which cost
what the reference code costs, in the same run. Needs a quiet machine.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
import torch
from recipe_weights import recipe_state
from torch import Tensor, nn

from animate_cli.cli.bench import grid_sample_s
from animate_cli.device import open_device
from animate_cli.models.first_order.generator import Generator
from animate_cli.models.first_order.keypoint_detector import KeyPointDetector
from animate_cli.models.first_order.model import FirstOrder
from animate_cli.models.liveportrait.appearance_extractor import AppearanceExtractor
from animate_cli.models.liveportrait.checkpoint import LivePortraitNetworks
from animate_cli.models.liveportrait.model import LivePortrait
from animate_cli.models.liveportrait.motion_extractor import MotionExtractor
from animate_cli.models.liveportrait.spade_generator import SpadeGenerator
from animate_cli.models.liveportrait.stitching_retargeting import Eyes, Lips, StitchingNetwork
from animate_cli.models.liveportrait.warping import WarpingModule
from animate_cli.options import ComputeOptions, MotionOptions

ROUNDS = 3
LANDMARKS = torch.rand(1, 74, 2, generator=torch.Generator().manual_seed(0)) * 256
REFERENCE = {"liveportrait": 346, "first_order": 22}
BAR = {"liveportrait": 280, "first_order": 20}


def filled(network: nn.Module) -> nn.Module:
    network.load_state_dict(recipe_state(network))
    return network.eval()


def seconds(work: Callable[[], object]) -> float:
    """Median of some calls after a warm-up."""
    work()
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def report(name: str, ours_s: float, plain_s: float, scattered_s: float) -> float:
    """Print every figure -> ours in warps of the machine where the reference was measured."""
    near_s = grid_sample_s()
    share = ours_s / plain_s
    print(
        f"\n{name}: {ours_s:.2f} s a frame, {share:.2f} of the networks as published "
        f"({plain_s:.2f} s), which are {REFERENCE[name]} warps: {share * REFERENCE[name]:.0f}; "
        f"here {ours_s / near_s:.0f} warps by an identity grid ({1000 * near_s:.1f} ms), "
        f"{ours_s / scattered_s:.0f} by a scattered one ({1000 * scattered_s:.1f} ms)"
    )
    return share * REFERENCE[name]


def scattered_s() -> float:
    """Seconds of one warp that reads all over the picture."""
    image, grid = torch.rand(1, 3, 1024, 1024), torch.rand(1, 1024, 1024, 2) * 2 - 1
    return seconds(lambda: nn.functional.grid_sample(image, grid, align_corners=False))


def picture(size: int) -> Tensor:
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.bench
@pytest.mark.timeout(1800)
@torch.inference_mode()
def test_liveportrait_within_280_warps_a_frame() -> None:
    open_device(ComputeOptions())
    networks = LivePortraitNetworks(
        appearance=filled(AppearanceExtractor()),  # type: ignore[arg-type]
        motion=filled(MotionExtractor()),  # type: ignore[arg-type]
        warping=filled(WarpingModule()),  # type: ignore[arg-type]
        generator=filled(SpadeGenerator()),  # type: ignore[arg-type]
        stitching=filled(StitchingNetwork()),  # type: ignore[arg-type]
        eyes=filled(Eyes()),  # type: ignore[arg-type]
        lips=filled(Lips()),  # type: ignore[arg-type]
    )
    model = LivePortrait(networks, device="cpu")
    face = picture(512)
    source = model.encode_source(face, LANDMARKS)

    def ours() -> None:
        code = model.encode_driver(face, LANDMARKS)
        model.render(source, model.retarget(source, code, code, MotionOptions()))

    def plain() -> None:
        networks.motion(picture(256))
        warped = networks.warping(source.volume, source.points, source.points)
        networks.generator(warped.out)

    warps = report("liveportrait", seconds(ours), seconds(plain), scattered_s())
    assert warps <= BAR["liveportrait"]


@pytest.mark.bench
@pytest.mark.timeout(1800)
@torch.inference_mode()
def test_first_order_within_20_warps_a_frame() -> None:
    open_device(ComputeOptions())
    detector, generator = KeyPointDetector(), Generator()
    filled(detector), filled(generator)
    model = FirstOrder(detector, generator, device="cpu")
    face = picture(256)
    source = model.encode_source(face, LANDMARKS)

    def ours() -> None:
        code = model.encode_driver(face, LANDMARKS)
        model.render(source, model.retarget(source, code, code, MotionOptions()))

    def plain() -> None:
        """The reference caches the source's points, not its features."""
        generator(generator.encode(face), source.points, detector(face))

    warps = report("first_order", seconds(ours), seconds(plain), scattered_s())
    assert warps <= BAR["first_order"]
