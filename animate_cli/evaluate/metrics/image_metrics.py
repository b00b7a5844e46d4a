"""Metrics of pictures: frame by frame, or a frame and the one before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from animate_cli.evaluate.metrics.images.flicker import flicker
from animate_cli.evaluate.metrics.images.flow_warping_error import (
    flow_warping_error,
    shrink_for_flow,
)
from animate_cli.evaluate.metrics.images.pixel_error import l1, psnr
from animate_cli.evaluate.metrics.images.region_l1 import FaceRegion, region_l1, region_mask
from animate_cli.evaluate.metrics.images.seam import seam
from animate_cli.evaluate.metrics.images.ssim import ms_ssim, ssim
from animate_cli.evaluate.metrics.metric import (
    Better,
    FrameImages,
    FrameStep,
    FrameStepMetric,
    ImageMetric,
    Metric,
    SetMetric,
)
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName, EvaluatorNetworks
from animate_cli.evaluate.metrics.networks.parsing_miou import parsing_miou
from animate_cli.faces.segmentation.face_parsing import Parser
from animate_cli.layers.pretrained.raft import RaftSmall

COSTLY_EVERY = 10  # scored frames: each look costs as much as all other judges together
SELDOM = f", each {COSTLY_EVERY}th"


def self_image_metrics(judges: EvaluatorNetworks) -> list[Metric]:
    """What needs a target: self-reenactment's."""
    return [*_whole_pictures(judges), *_regions(), _parts(judges), _flicker(), _driver_flow(judges)]


def cross_image_metrics(judges: EvaluatorNetworks) -> list[Metric]:
    """What an output shows by itself."""
    return [_own_flow(judges), seam_metric()]


def fid(judges: EvaluatorNetworks) -> Metric:
    """How far an entrant's pictures are from the drivers', as sets."""
    return SetMetric(
        name="fid",
        label="FID (all scored frames)",
        better=Better.LOWER,
        judge=EvaluatorName.INCEPTION,
        of=judges.inception or _nobody,
    )


def seam_metric() -> Metric:
    """Needs the source alone."""
    return ImageMetric(
        name="seam",
        label="seam of the square",
        better=Better.LOWER,
        of=lambda p: seam(p.outputs, p.source, p.square),
    )


def _whole_pictures(judges: EvaluatorNetworks) -> list[Metric]:
    whole: list[tuple[str, str, Better, str, Callable[[Tensor, Tensor], Tensor]]] = [
        ("l1", "L1", Better.LOWER, "", l1),
        ("psnr", "PSNR", Better.HIGHER, "dB", psnr),
        ("ssim", "SSIM", Better.HIGHER, "", ssim),
        ("ms_ssim", "MS-SSIM", Better.HIGHER, "", ms_ssim),
    ]
    return [
        *(
            ImageMetric(
                name=name, label=label, better=better, unit=unit, of=partial(_whole, compare)
            )
            for name, label, better, unit, compare in whole
        ),
        *(
            ImageMetric(
                name=name,
                label=f"LPIPS ({network})",
                better=Better.LOWER,
                judge=judge,
                of=partial(_whole, lpips) if lpips else _nobody,
            )
            for name, network, judge, lpips in (
                ("lpips", "SqueezeNet", EvaluatorName.SQUEEZENET, judges.lpips),
                ("lpips_alex", "AlexNet", EvaluatorName.ALEXNET, judges.lpips_alex),
                ("lpips_vgg", "VGG-16", EvaluatorName.VGG16, judges.lpips_vgg),
            )
        ),
    ]


def _regions() -> list[Metric]:
    return [
        ImageMetric(
            name=f"{region}_l1",
            label=f"L1, {region}",
            better=Better.LOWER,
            of=partial(_region, region),
        )
        for region in FaceRegion
    ]


def _parts(judges: EvaluatorNetworks) -> Metric:
    return ImageMetric(
        name="parts",
        label=f"parts agree (mIoU{SELDOM})",
        better=Better.HIGHER,
        judge=EvaluatorName.PARSING,
        of=partial(_same_parts, judges.parser) if judges.parser else _nobody,
        every=COSTLY_EVERY,
    )


def _flicker() -> Metric:
    return FrameStepMetric(
        name="flicker",
        label="flicker",
        better=Better.LOWER,
        of=lambda step: flicker(step.outputs, step.target),
    )


def _driver_flow(judges: EvaluatorNetworks) -> Metric:
    return FrameStepMetric(
        name="flow_error",
        label=f"flow warping error (driver's flow{SELDOM})",
        better=Better.LOWER,
        judge=EvaluatorName.RAFT,
        of=partial(_along_driver, judges.raft) if judges.raft else _nobody,
        every=COSTLY_EVERY,
    )


def _own_flow(judges: EvaluatorNetworks) -> Metric:
    return FrameStepMetric(
        name="flow_error_own",
        label=f"flow warping error (own flow{SELDOM})",
        better=Better.LOWER,
        judge=EvaluatorName.RAFT,
        of=partial(_along_outputs, judges.raft) if judges.raft else _nobody,
        every=COSTLY_EVERY,
    )


def _whole(compare: Callable[[Tensor, Tensor], Tensor], p: FrameImages) -> Tensor:
    return compare(p.outputs, p.target)


def _nobody(_: FrameImages | FrameStep | Tensor) -> Tensor:
    raise ValueError("an absent judge was asked")


def _region(region: FaceRegion, p: FrameImages) -> Tensor:
    mask = region_mask(p.landmarks, region, *p.target.shape[-2:])
    return region_l1(p.outputs, p.target, mask)


def _same_parts(parser: Parser, p: FrameImages) -> Tensor:
    return parsing_miou(parser, p.outputs, p.target, p.landmarks)


def _along_driver(raft: RaftSmall, step: FrameStep) -> Tensor:
    before, now = (shrink_for_flow(one) for one in step.outputs)
    earlier, later = (shrink_for_flow(one) for one in step.target)
    return flow_warping_error(raft, now, before, torch.stack((later, earlier)))


def _along_outputs(raft: RaftSmall, step: FrameStep) -> Tensor:
    before, now = (shrink_for_flow(one) for one in step.outputs)
    return flow_warping_error(raft, now, before, torch.stack((now, before)))
