"""Pass 2: a canvas and a driver's motion become frames, by render, upscale and paste."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.crop import cut
from animate_cli.faces.paste import Paster, side_by_side
from animate_cli.layers.grid import warp
from animate_cli.models.base import FaceModel
from animate_cli.options import MotionOptions, ResWarp
from animate_cli.records import Frame, Image, Rendered, Trajectory
from animate_cli.report import Clock
from animate_cli.stages.code_motion import CodeMotion, code_motion
from animate_cli.stages.motion import DriverMotion, driver_motion
from animate_cli.stages.portrait import OutputCanvas, as_picture
from animate_cli.streams import Stage, parallel_map
from animate_cli.upscale.residual_warp import ResidualWarper

BATCH = 8  # frames that are rendered together
LOOKAHEAD = 128  # frames that are retargeted together: codes are small, and fewer calls are faster


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Everything that pass 2 needs.

    source: the photo as the model encoded it; anchor: points (1, K, 2), see `stages.motion`, or a
    code (1, D).
    """

    canvas: OutputCanvas
    model: FaceModel[Any, Any, Any]
    source: Any
    driver: DriverMotion | CodeMotion
    anchor: Tensor
    motion: MotionOptions
    device: torch.device
    warper: ResidualWarper
    paster: Paster
    clock: Clock


def open_scene(
    canvas: OutputCanvas,
    trajectory: Trajectory,
    anchor: int,
    model: FaceModel[Any, Any, Any],
    motion: MotionOptions,
    *,
    reswarp: ResWarp,
    device: torch.device,
    clock: Clock,
) -> Scene:
    """Compute everything that all frames share: encoded source, anchor, upscaler and paster."""
    warper = ResidualWarper(canvas.square, model.face_size, reswarp, str(device))
    points = canvas.face_landmarks(model.face_size)
    landmarks = torch.from_numpy(points)[None].to(device)
    face = _to_tensor(warper.face, device)
    driver: DriverMotion | CodeMotion
    driver = driver_motion(trajectory, anchor, points, motion.motion)
    start = torch.from_numpy(driver.anchor)[None].to(device)
    encoder = model.frame_encoder()
    if encoder is not None:
        own = encoder.encode_driver(face, landmarks)
        square = driver.frame_to_face
        driver = code_motion(trajectory, anchor, square, encoder, own, motion.motion)
        start = driver.anchor
    return Scene(
        canvas=canvas,
        model=model,
        source=model.encode_source(face, landmarks, canvas.open_edges),
        driver=driver,
        anchor=start,
        motion=motion,
        device=device,
        warper=warper,
        paster=Paster(canvas.pixels, canvas.crop),
        clock=clock,
    )


def render(scene: Scene, *, start: int = 0, workers: int = 1) -> Stage[Rendered]:
    """Retarget LOOKAHEAD frames at a time, and render them in batches.

    start: the first frame, a multiple of LOOKAHEAD, so that batches equal those of a run from 0;
    workers: batches rendered at the same time, if the model has no state.
    """
    state = None
    with closing(_retargeted(scene, start)) as batches:
        for part in batches:
            rendered, state = _render_batch(scene, part, state)
            yield rendered
            if state is None and workers > 1:
                rest = parallel_map(
                    batches, lambda codes: _render_batch(scene, codes, None)[0], workers=workers
                )
                yield from rest


def _retargeted(scene: Scene, start: int) -> Stage[Any]:
    """Yield each batch's codes, retargeted."""
    for read in scene.driver.parts(LOOKAHEAD, device=scene.device, start=start):
        with scene.clock.measure("retarget"), torch.inference_mode():
            moved = _retarget(scene, read)
        for at in range(0, len(read), BATCH):
            yield moved[at : at + BATCH]


def _render_batch(scene: Scene, codes: Any, state: Any) -> tuple[Rendered, Any]:
    """Render one batch; return the model's state, too."""
    with scene.clock.measure("render"), torch.inference_mode():
        return scene.model.render(scene.source, codes, state)


def _retarget(scene: Scene, read: Tensor) -> Any:
    """Points (B, K, 2), see `stages.motion`, or codes (B, D) -> the model's codes of B frames."""
    anchor, driver = scene.anchor, read
    if scene.model.frame_encoder() is None:
        anchor = scene.model.encode_driver(None, scene.anchor)
        driver = scene.model.encode_driver(None, read)
    return scene.model.retarget(scene.source, driver, anchor, scene.motion)


def upscale(scene: Scene, batches: Stage[Rendered]) -> Stage[Image]:
    """Each frame's face square at the canvas's resolution: (N, N, 3)."""
    with closing(batches):
        for rendered in batches:
            for index in range(len(rendered.face)):
                with scene.clock.measure("upscale"), torch.inference_mode():
                    square = scene.warper.apply(rendered, index)
                yield square


def paste(scene: Scene, squares: Stage[Image]) -> Stage[Image]:
    """Paste each square back into the canvas: (H, W, 3)."""
    with closing(squares):
        for square in squares:
            with scene.clock.measure("paste back"):
                frame = scene.paster.paste(square)
            yield frame


def add_panels(scene: Scene, results: Stage[Image], driver: Stage[Frame]) -> Stage[Image]:
    """Source, driver and result in one frame."""
    with closing(results), closing(driver):
        for result, frame in zip(results, driver, strict=True):
            with scene.clock.measure("side by side"):
                panels = side_by_side(scene.canvas.pixels, frame.pixels, result)
            yield panels


def warp_alpha(scene: Scene) -> NDArray[np.uint8] | None:
    """The canvas's alpha (H, W), warped like the first frame; None for an opaque photo."""
    if scene.canvas.alpha is None:
        return None
    picture = as_picture(scene.canvas.alpha)
    warper = ResidualWarper(cut(picture, scene.canvas.crop), scene.model.face_size)
    rendered = next(render(scene))
    if rendered.grid is None:
        return scene.canvas.alpha
    grid = rendered.grid[:1].cpu()
    face = warp(_to_tensor(warper.face, torch.device("cpu")), grid)
    square = warper.apply(Rendered(face=face, grid=grid, refine_mask=None), 0)
    return Paster(picture, scene.canvas.crop).paste(square)[..., 0]


def _to_tensor(image: Image, device: torch.device) -> Tensor:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in [0, 1]."""
    pixels = torch.from_numpy(np.ascontiguousarray(image)).to(device)
    return pixels.permute(2, 0, 1)[None].float() / 255
