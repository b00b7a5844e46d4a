"""The evaluator networks that metrics are computed with, and their names in `trained_on` lists.

    name              | gives                             | needs
    landmarks         | landmarks, by our own detector    | nothing: it is always there
    shape             | head pose, by our own shape model | nothing: it is always there
    squeezenet        | LPIPS                             | two files of the folder
    alexnet, vgg16    | LPIPS                             | linear weights in the folder; features
                      |                                   |   in the folder or the registry
    openseeface, pfld | landmarks; never used in training | a file each, and onnxruntime
    face_reid         | identity embedding                | a file, and onnxruntime
    head_pose         | yaw, pitch, roll                  | a file, and onnxruntime
    gaze              | gaze direction                    | a file, head_pose's, and onnxruntime
    expression        | probabilities of 7 expressions    | a file
    raft              | optical flow                      | a file
    parsing           | a face-parsing class per pixel    | a file
    inception         | features for FID                  | a file in the folder or the registry

A missing evaluator leaves its metrics without values, and the table says what it needs.
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
from animate_cli.evaluate.metrics.networks.expression import ExpressionClassifier, load_expression
from animate_cli.evaluate.metrics.networks.external_landmarks import (
    ExternalLandmarks,
    openseeface,
    pfld,
)
from animate_cli.evaluate.metrics.networks.gaze import GazeEstimator, load_gaze
from animate_cli.evaluate.metrics.networks.head_pose import HeadPoseEstimator, load_head_pose
from animate_cli.evaluate.metrics.networks.identity import FaceEmbedder, load_embedder
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
    """The name of an evaluator network. NONE: the metric is plain arithmetic."""

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
    """A missing evaluator, and what it needs."""

    evaluator: EvaluatorName
    needs: str


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluatorNetworks:
    """All evaluator networks; None where one is missing. device: where those of torch run."""

    device: str
    landmarker: LandmarkDetector
    shape: ShapeModel
    lpips: Lpips | None
    lpips_alex: Lpips | None
    lpips_vgg: Lpips | None
    openseeface: ExternalLandmarks | None
    pfld: ExternalLandmarks | None
    embed: FaceEmbedder | None
    head_pose: HeadPoseEstimator | None
    gaze: GazeEstimator | None
    expression: ExpressionClassifier | None
    raft: RaftSmall | None
    parser: Parser | None
    inception: Inception | None
    absent: tuple[MissingEvaluator, ...]


def load_evaluators(folder: Path | None, *, device: str) -> EvaluatorNetworks:
    """Our own networks, and those whose files are in the folder.

    Raises:
        WeightsError: our own weights are missing or damaged.
    """
    absent: list[MissingEvaluator] = []

    def attempt(evaluator: EvaluatorName, loader: Callable[[], Network]) -> Network | None:
        try:
            return loader()
        except AnimateError as error:
            absent.append(MissingEvaluator(evaluator=evaluator, needs=error.message))
            return None

    def load(evaluator: EvaluatorName, loader: Callable[[Path], Network]) -> Network | None:
        if folder is None:
            absent.append(MissingEvaluator(evaluator=evaluator, needs="--metric-weights DIR"))
            return None
        return attempt(evaluator, partial(loader, folder))

    lpips, raft = load(EvaluatorName.SQUEEZENET, load_lpips), load(EvaluatorName.RAFT, load_raft)
    alex = load(EvaluatorName.ALEXNET, partial(load_lpips_on, ALEXNET))
    vgg = load(EvaluatorName.VGG16, partial(load_lpips_on, VGG16))
    inception = attempt(EvaluatorName.INCEPTION, partial(load_inception, folder))
    return EvaluatorNetworks(
        landmarker=landmarks.load_landmarker(device=device),
        shape=load_shape_model(),
        device=device,
        lpips=lpips and _channels_last(lpips, device),
        lpips_alex=alex and _channels_last(alex, device),
        lpips_vgg=vgg and _channels_last(vgg, device),
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


def _gaze_with_pose(folder: Path) -> GazeEstimator:
    """The gaze network reads the head pose, so it needs that network's file too."""
    load_head_pose(folder)
    return load_gaze(folder)


def _channels_last(network: Lpips, device: str) -> Lpips:
    """On the device, with channels last, which is twice as fast on CPUs."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
