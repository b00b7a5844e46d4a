"""Metrics of images: of single frames, of two consecutive ones, and of whole sets."""

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

COSTLY_EVERY = 10  # scored frames; one run costs as much as all other evaluators together
SELDOM = f"each {COSTLY_EVERY}th"


def self_image_metrics(evaluators: EvaluatorNetworks) -> list[Metric]:
    """Metrics that need a target, for self-reenactment."""
    return [
        *_pixel_metrics(),
        *_lpips_metrics(evaluators),
        *_region_metrics(),
        _parsing(evaluators),
        _flicker(),
        _driver_flow(evaluators),
    ]


def cross_image_metrics(evaluators: EvaluatorNetworks) -> list[Metric]:
    """Metrics that need no target, for cross-reenactment."""
    return [_own_flow(evaluators), seam_metric()]


def fid(evaluators: EvaluatorNetworks) -> Metric:
    """Distance of a candidate's frames from the drivers' frames, as sets."""
    return SetMetric(
        name="fid",
        label="FID (all scored frames)",
        better=Better.LOWER,
        evaluator=EvaluatorName.INCEPTION,
        compute=evaluators.inception or _missing,
    )


def seam_metric() -> Metric:
    """The visible edge of the pasted crop; it needs the source alone."""
    return ImageMetric(
        name="seam",
        label="seam of the square",
        better=Better.LOWER,
        compute=lambda images: seam(images.outputs, images.source, images.crop),
    )


def _pixel_metrics() -> list[Metric]:
    metrics: list[tuple[str, str, Better, str, Callable[[Tensor, Tensor], Tensor]]] = [
        ("l1", "L1", Better.LOWER, "", l1),
        ("psnr", "PSNR", Better.HIGHER, "dB", psnr),
        ("ssim", "SSIM", Better.HIGHER, "", ssim),
        ("ms_ssim", "MS-SSIM", Better.HIGHER, "", ms_ssim),
    ]
    return [
        ImageMetric(
            name=name, label=label, better=better, unit=unit, compute=partial(_to_target, compare)
        )
        for name, label, better, unit, compare in metrics
    ]


def _lpips_metrics(evaluators: EvaluatorNetworks) -> list[Metric]:
    return [
        ImageMetric(
            name=name,
            label=f"LPIPS ({backbone})",
            better=Better.LOWER,
            evaluator=evaluator,
            compute=partial(_to_target, lpips) if lpips else _missing,
        )
        for name, backbone, evaluator, lpips in (
            ("lpips", "SqueezeNet", EvaluatorName.SQUEEZENET, evaluators.lpips),
            ("lpips_alex", "AlexNet", EvaluatorName.ALEXNET, evaluators.lpips_alex),
            ("lpips_vgg", "VGG-16", EvaluatorName.VGG16, evaluators.lpips_vgg),
        )
    ]


def _region_metrics() -> list[Metric]:
    return [
        ImageMetric(
            name=f"{region}_l1",
            label=f"L1, {region}",
            better=Better.LOWER,
            compute=partial(_region_l1, region),
        )
        for region in FaceRegion
    ]


def _parsing(evaluators: EvaluatorNetworks) -> Metric:
    parser = evaluators.parser
    return ImageMetric(
        name="parts",
        label=f"face parsing (mIoU, {SELDOM})",
        better=Better.HIGHER,
        evaluator=EvaluatorName.PARSING,
        compute=partial(_parsing_miou, parser) if parser else _missing,
        every=COSTLY_EVERY,
    )


def _flicker() -> Metric:
    return FrameStepMetric(
        name="flicker",
        label="flicker",
        better=Better.LOWER,
        compute=lambda step: flicker(step.outputs, step.target),
    )


def _driver_flow(evaluators: EvaluatorNetworks) -> Metric:
    raft = evaluators.raft
    return FrameStepMetric(
        name="flow_error",
        label=f"flow warping error (driver's flow, {SELDOM})",
        better=Better.LOWER,
        evaluator=EvaluatorName.RAFT,
        compute=partial(_error_along_driver, raft) if raft else _missing,
        every=COSTLY_EVERY,
    )


def _own_flow(evaluators: EvaluatorNetworks) -> Metric:
    raft = evaluators.raft
    return FrameStepMetric(
        name="flow_error_own",
        label=f"flow warping error (own flow, {SELDOM})",
        better=Better.LOWER,
        evaluator=EvaluatorName.RAFT,
        compute=partial(_error_along_outputs, raft) if raft else _missing,
        every=COSTLY_EVERY,
    )


def _to_target(compare: Callable[[Tensor, Tensor], Tensor], images: FrameImages) -> Tensor:
    return compare(images.outputs, images.target)


def _missing(_: FrameImages | FrameStep | Tensor) -> Tensor:
    raise ValueError("a missing evaluator was called")


def _region_l1(region: FaceRegion, images: FrameImages) -> Tensor:
    mask = region_mask(images.landmarks, region, *images.target.shape[-2:])
    return region_l1(images.outputs, images.target, mask)


def _parsing_miou(parser: Parser, images: FrameImages) -> Tensor:
    return parsing_miou(parser, images.outputs, images.target, images.landmarks)


def _error_along_driver(raft: RaftSmall, step: FrameStep) -> Tensor:
    before, now = (shrink_for_flow(one) for one in step.outputs)
    earlier, later = (shrink_for_flow(one) for one in step.target)
    return flow_warping_error(raft, now, before, torch.stack((later, earlier)))


def _error_along_outputs(raft: RaftSmall, step: FrameStep) -> Tensor:
    before, now = (shrink_for_flow(one) for one in step.outputs)
    return flow_warping_error(raft, now, before, torch.stack((now, before)))
