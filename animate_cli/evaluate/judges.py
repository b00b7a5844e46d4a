"""The networks that look at pictures, each under the name that `trained_on` lists know.

    landmarks         our own detector                 | always
    shape             our own shape model              | always
    squeezenet        behind LPIPS                     | two files of the folder
    openseeface, pfld detectors never used in training | a file each, and onnxruntime
    face_reid         whose face it is                 | the same
    head_pose         how the head stands              | the same

What is missing leaves its metrics out, with the reason; nothing stands in for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import torch

from animate_cli.errors import AnimateError
from animate_cli.evaluate.identity import Embed, load_embedder
from animate_cli.evaluate.lpips import Lpips, load_lpips
from animate_cli.evaluate.pose_error import ReadPose, load_head_pose
from animate_cli.evaluate.second_opinion import SecondOpinion, openseeface, pfld
from animate_cli.faces import landmarks
from animate_cli.faces.look import SeesLandmarks
from animate_cli.faces.shape import ShapeModel, load_shape_model

Network = TypeVar("Network")


class Judge(StrEnum):
    """Who says so. NONE: no network, arithmetic alone."""

    NONE = ""
    LANDMARKS = "landmarks"
    SHAPE = "shape"
    SQUEEZENET = "squeezenet"
    OPENSEEFACE = "openseeface"
    PFLD = "pfld"
    FACE_REID = "face_reid"
    HEAD_POSE = "head_pose"


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A judge that is not here, and what it would need."""

    judge: Judge
    needs: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Judges:
    """All of them; None where one is absent. device: of those that are torch's."""

    device: str
    landmarker: SeesLandmarks
    shape: ShapeModel
    lpips: Lpips | None
    openseeface: SecondOpinion | None
    pfld: SecondOpinion | None
    embed: Embed | None
    head_pose: ReadPose | None
    absent: tuple[Absent, ...]


def load_judges(folder: Path | None, *, device: str) -> Judges:
    """Ours, and those whose files are in the folder.

    Raises:
        WeightsError: our own weights are missing or damaged.
    """
    absent: list[Absent] = []

    def load(judge: Judge, loader: Callable[[Path], Network]) -> Network | None:
        if folder is None:
            absent.append(Absent(judge=judge, needs="--metric-weights DIR"))
            return None
        try:
            return loader(folder)
        except AnimateError as error:
            absent.append(Absent(judge=judge, needs=error.message))
            return None

    lpips = load(Judge.SQUEEZENET, load_lpips)
    return Judges(
        landmarker=landmarks.load_landmarker(device=device),
        shape=load_shape_model(),
        device=device,
        lpips=lpips and _ready(lpips, device),
        openseeface=load(Judge.OPENSEEFACE, openseeface),
        pfld=load(Judge.PFLD, pfld),
        embed=load(Judge.FACE_REID, load_embedder),
        head_pose=load(Judge.HEAD_POSE, load_head_pose),
        absent=tuple(absent),
    )


def _ready(network: Lpips, device: str) -> Lpips:
    """Channels last: twice as fast on CPUs."""
    return network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
