"""The networks that look at pictures, each under the name that `trained_on` lists know.

    landmarks         our own detector                 | always
    shape             our own shape model              | always
    squeezenet        behind LPIPS                     | two files of the folder
    alexnet, vgg16    the same                         | heads; features, there or of the registry
    openseeface, pfld detectors never used in training | a file each, and onnxruntime
    face_reid         whose face it is                 | the same
    head_pose, gaze   how the head stands, eyes look   | the same; gaze needs both
    expression        which of seven expressions       | a file
    raft              how pictures move                | a file
    parsing           what part every pixel shows      | a file
    inception         behind FID                       | a file, there or of the registry

What is missing leaves its metrics out, with the reason; nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch

from animate_cli.errors import AnimateError
from animate_cli.evaluate.metrics.networks.expression import ReadExpression, load_expression
from animate_cli.evaluate.metrics.networks.external_landmarks import (
    ExternalLandmarks,
    openseeface,
    pfld,
)
from animate_cli.evaluate.metrics.networks.gaze import ReadGaze, load_gaze
from animate_cli.evaluate.metrics.networks.head_pose import ReadPose, load_head_pose
from animate_cli.evaluate.metrics.networks.identity import Embed, load_embedder
from animate_cli.evaluate.metrics.networks.lpips import Lpips, load_lpips, load_lpips_on
from animate_cli.evaluate.metrics.networks.parsing_miou import load_parser
from animate_cli.faces.landmarks import network as landmarks
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.faces.segmentation.face_parsing import Parser
from animate_cli.faces.shape3d.model import ShapeModel, load_shape_model
from animate_cli.layers.pretrained.alexnet_vgg16 import ALEXNET, VGG16
from animate_cli.layers.pretrained.inception import Inception, load_inception
from animate_cli.layers.pretrained.raft import RaftSmall, load_raft

Network = TypeVar("Network")


class EvaluatorName(StrEnum):
    """Who says so. NONE: no network, arithmetic alone."""

    NONE = ""
    LANDMARKS = "landmarks"
    SHAPE = "shape"
    SQUEEZENET = "squeezenet"
    ALEXNET = "alexnet"
    VGG16 = "vgg16"
    OPENSEEFACE = "openseeface"
    PFLD = "pfld"
    FACE_REID = "face_reid"
    HEAD_POSE = "head_pose"
    GAZE = "gaze"
    EXPRESSION = "expression"
    RAFT = "raft"
    PARSING = "parsing"
    INCEPTION = "inception"


@dataclass(frozen=True, kw_only=True)
class MissingEvaluator:
    """A judge that is not here, and what it would need."""

    judge: EvaluatorName
    needs: str


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluatorNetworks:
    """All of them; None where one is absent. device: of those that are torch's."""

    device: str
    landmarker: LandmarkDetector
    shape: ShapeModel
    lpips: Lpips | None
    lpips_alex: Lpips | None
    lpips_vgg: Lpips | None
    openseeface: ExternalLandmarks | None
    pfld: ExternalLandmarks | None
    embed: Embed | None
    head_pose: ReadPose | None
    gaze: ReadGaze | None
    expression: ReadExpression | None
    raft: RaftSmall | None
    parser: Parser | None
    inception: Inception | None
    absent: tuple[MissingEvaluator, ...]


def load_evaluators(folder: Path | None, *, device: str) -> EvaluatorNetworks:
    """Ours, and those whose files are in the folder.

    Raises:
        WeightsError: our own weights are missing or damaged.
    """
    absent: list[MissingEvaluator] = []

    def attempt(judge: EvaluatorName, loader: Callable[[], Network]) -> Network | None:
        try:
            return loader()
        except AnimateError as error:
            absent.append(MissingEvaluator(judge=judge, needs=error.message))
            return None

    def load(judge: EvaluatorName, loader: Callable[[Path], Network]) -> Network | None:
        if folder is None:
            absent.append(MissingEvaluator(judge=judge, needs="--metric-weights DIR"))
            return None
        return attempt(judge, partial(loader, folder))

    lpips, raft = load(EvaluatorName.SQUEEZENET, load_lpips), load(EvaluatorName.RAFT, load_raft)
    alex = load(EvaluatorName.ALEXNET, partial(load_lpips_on, ALEXNET))
    vgg = load(EvaluatorName.VGG16, partial(load_lpips_on, VGG16))
    inception = attempt(EvaluatorName.INCEPTION, partial(load_inception, folder))
    return EvaluatorNetworks(
        landmarker=landmarks.load_landmarker(device=device),
        shape=load_shape_model(),
        device=device,
        lpips=lpips and _ready(lpips, device),
        lpips_alex=alex and _ready(alex, device),
        lpips_vgg=vgg and _ready(vgg, device),
        openseeface=load(EvaluatorName.OPENSEEFACE, openseeface),
        pfld=load(EvaluatorName.PFLD, pfld),
        embed=load(EvaluatorName.FACE_REID, load_embedder),
        head_pose=load(EvaluatorName.HEAD_POSE, load_head_pose),
        gaze=load(EvaluatorName.GAZE, _gaze_with_pose),
        expression=load(EvaluatorName.EXPRESSION, load_expression),
        raft=raft and raft.to(device),
        parser=load(EvaluatorName.PARSING, load_parser),
        inception=inception and inception.to(device),
        absent=tuple(absent),
    )


def _gaze_with_pose(folder: Path) -> ReadGaze:
    """It is told how the head stands, so that it needs that network's file too."""
    load_head_pose(folder)
    return load_gaze(folder)


def _ready(network: Lpips, device: str) -> Lpips:
    """Channels last: twice as fast on CPUs."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
