"""Six whole jobs with the real networks by the public API, as small pictures of every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from unittest.mock import patch

import av
import cv2
import numpy as np
from golden_store import ROOT, Array

from animate_cli import (
    Animator,
    ComputeOptions,
    MotionOptions,
    Options,
    OutputOptions,
    ReadOptions,
    pipeline,
)
from animate_cli.options import Engine, Only
from animate_cli.report import Report

PICTURES, FACTS = "jobs.npz", "jobs.json"
THUMBNAIL = 32
PHOTO_PX, START_S, TAKEN_S = 192, Fraction(5, 2), Fraction(8, 25)
AHEAD = 16  # frames looked ahead, and of a segment

BASE = Options(
    read=ReadOptions(start_s=START_S, duration_s=TAKEN_S),
    compute=ComputeOptions(threads=1, device="cpu", engine=Engine.TORCH),
)


class JobInputs:
    """A small portrait, the same with a soft hole round it, a driver, and one frame of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.driver = ROOT / "examples/driver.mp4"
        self.photo, self.alpha = folder / "photo.png", folder / "alpha.png"
        self.still = folder / "still.png"
        pixels = cv2.imread(str(ROOT / "examples/portrait.png"), cv2.IMREAD_COLOR)
        pixels = cv2.resize(pixels, (PHOTO_PX, PHOTO_PX), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(self.photo), pixels)
        y, x = np.mgrid[:PHOTO_PX, :PHOTO_PX] / PHOTO_PX - 0.5
        ring = np.clip(255 * (1.6 - (x**2 + y**2) / 0.4**2), 0, 255)
        cv2.imwrite(str(self.alpha), np.dstack((pixels, ring.astype(np.uint8))))
        with av.open(str(self.driver)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                if index == 75:
                    cv2.imwrite(str(self.still), frame.to_ndarray(format="bgr24"))
                    break


def _still(inputs: JobInputs) -> Report:
    return Animator(BASE).animate(inputs.photo, inputs.still, inputs.folder / "still-out.png")


def _alpha(inputs: JobInputs) -> Report:
    return Animator(BASE).animate(inputs.alpha, inputs.still, inputs.folder / "alpha-out.png")


def _template(inputs: JobInputs) -> Report:
    template = inputs.folder / "motion.npz"
    Animator(BASE).track(inputs.driver, template)
    whole = Animator(replace(BASE, read=ReadOptions()))
    return whole.animate(inputs.photo, template, inputs.folder / "template.mp4")


def _side_by_side(inputs: JobInputs) -> Report:
    options = replace(BASE, output=OutputOptions(side_by_side=True))
    return Animator(options).animate(inputs.photo, inputs.driver, inputs.folder / "sides.mp4")


def _only_lips(inputs: JobInputs) -> Report:
    options = replace(BASE, motion=MotionOptions(only=Only.LIPS))
    return Animator(options).animate(inputs.photo, inputs.driver, inputs.folder / "lips.mp4")


def _segments(inputs: JobInputs) -> Report:
    """Segments are as short as rendering allows, if it looks ahead less."""
    read = ReadOptions(start_s=START_S, duration_s=Fraction(AHEAD + 3, 25))
    short = partial(pipeline.Film, length=AHEAD)
    with (
        patch("animate_cli.stages.scene.LOOKAHEAD", AHEAD),
        patch("animate_cli.pipeline.Film", short),
    ):
        animator = Animator(replace(BASE, read=read))
        output, kept = inputs.folder / "film.mp4", inputs.folder / "kept"
        return animator.animate(inputs.photo, inputs.driver, output, segments=kept)


JOBS: dict[str, Callable[[JobInputs], Report]] = {
    "still": _still,
    "alpha": _alpha,
    "template": _template,
    "side-by-side": _side_by_side,
    "only-lips": _only_lips,
    "segments": _segments,
}


def done(name: str, inputs: JobInputs) -> tuple[Array, dict[str, object]]:
    """A job's thumbnails (T, 32, 32, C) uint8, and what its report and its file say."""
    report = JOBS[name](inputs)
    if report.output.suffix == ".png":
        pixels = cv2.imread(str(report.output), cv2.IMREAD_UNCHANGED)
        pictures, times, sound = [pixels], [], False
    else:
        with av.open(str(report.output)) as container:
            base = container.streams.video[0].time_base
            frames = list(container.decode(video=0))
            sound = bool(container.streams.audio)
        pictures = [frame.to_ndarray(format="bgr24") for frame in frames]
        times = [str(frame.pts * base) for frame in frames]
    facts = {
        "frames": report.frames,
        "decoded": len(pictures),
        "size": list(pictures[0].shape[1::-1]),
        "told size": [report.width, report.height],
        "rate": str(report.rate),
        "duration_s": round(report.duration_s, 6),
        "lost": report.lost,
        "anchor": report.anchor,
        "times_s": times,
        "sound": sound,
    }
    small = [
        cv2.resize(one, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA) for one in pictures
    ]
    return np.stack(small), facts
