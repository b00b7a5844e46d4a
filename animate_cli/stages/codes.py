"""Pass 1 for models that encode frames: crops the driver's face from every frame and encodes it.

The driver is decoded a second time, after its landmarks are smoothed. Codes are converted from the
frame's crop to driver pixels, so that codes of different frames can be compared and interpolated.
Only the codes (T, D) stay in memory.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.device import thread_count
from animate_cli.errors import OptionError
from animate_cli.faces.crop import cut, square, to_crop
from animate_cli.faces.tracking.lost_frames import fill_lost_frames
from animate_cli.faces.tracking.steady_crop import steady_squares
from animate_cli.models.base import FaceModel, FrameEncoder
from animate_cli.options import Options
from animate_cli.records import Codes, Frame, Image, Kind, Points, TrackedDriver, Trajectory
from animate_cli.report import Step, Watch
from animate_cli.stages.driver import driver_frames

BATCH = 8  # frames that are encoded together

Model = FaceModel[Any, Any, Any]


def encoder_id_of(model: Model) -> str:
    """The id of the model's frame encoder; "" if the model needs landmarks only."""
    encoder = model.frame_encoder()
    return "" if encoder is None else encoder.encoder_id


def with_codes(
    driver: TrackedDriver,
    model: Model,
    options: Options,
    *,
    device: torch.device,
    watch: Watch,
) -> TrackedDriver:
    """The driver with the codes that the model's frame encoder gives; without one, the same driver.

    Raises:
        OptionError: the driver is a template that was not made for this model.
    """
    encoder = model.frame_encoder()
    if encoder is None:
        return driver
    codes = driver.trajectory.codes
    if codes is not None and codes.encoder_id == encoder.encoder_id:
        return driver
    if driver.kind is Kind.TEMPLATE:
        raise _other_model(driver, model, options)
    driver_encoder = _DriverEncoder(encoder, driver.trajectory, device)
    threads = thread_count(options.compute.threads)
    frames = driver_frames(driver, options.read, threads=threads)
    with closing(frames), watch.clock.measure("encode driver"):
        for frame in frames:
            driver_encoder.add(frame)
            watch.report(Step.ENCODE, frame.index + 1, len(driver.trajectory))
    coded = replace(driver.trajectory, codes=driver_encoder.codes(options))
    return replace(driver, trajectory=coded)


class _DriverEncoder:
    """Cuts the face out of each frame, and encodes `BATCH` of them at a time."""

    def __init__(self, encoder: FrameEncoder, trajectory: Trajectory, device: torch.device) -> None:
        self._encoder = encoder
        self._trajectory = trajectory
        self._device = device
        self._squares = steady_squares(trajectory)
        self._waiting: list[tuple[int, Image, Points]] = []
        self._values: NDArray[np.float32] | None = None

    def add(self, frame: Frame) -> None:
        """Take the next frame; one without a face is skipped."""
        if self._trajectory.found[frame.index]:
            half, *centre = self._squares[frame.index]
            crop = square((centre[0], centre[1]), 2 * half, self._encoder.face_size)
            points = to_crop(self._trajectory.landmarks[frame.index], crop)
            self._waiting.append((frame.index, cut(frame.pixels, crop), points))
        if len(self._waiting) == BATCH:
            self._encode()

    def codes(self, options: Options) -> Codes:
        """All frames' codes; frames without a face are filled as `options.faces.lost` says."""
        self._encode()
        if self._values is None:
            raise AssertionError("a trajectory has at least one frame with a face")
        t = self._trajectory
        values = fill_lost_frames(self._values, t.found, t.cut, t.times_s, options.faces.lost)
        return Codes(encoder_id=self._encoder.encoder_id, values=values)

    @torch.inference_mode()
    def _encode(self) -> None:
        if not self._waiting:
            return
        indices, images, points = zip(*self._waiting, strict=True)
        self._waiting.clear()
        faces = torch.from_numpy(np.stack(images)).to(self._device)
        codes = self._encoder.encode_driver(
            faces.permute(0, 3, 1, 2).float() / 255,
            torch.from_numpy(np.stack(points)).to(faces.device),
        )
        place = torch.from_numpy(self._squares[list(indices)]).to(codes)
        values = self._encoder.reframe(codes, place[:, :1], place[:, 1:]).cpu().numpy()
        if self._values is None:
            self._values = np.zeros((len(self._trajectory), values.shape[1]), np.float32)
        self._values[list(indices)] = values


def _other_model(driver: TrackedDriver, model: Model, options: Options) -> OptionError:
    name = options.motion.model
    given = driver.trajectory.codes
    holds = "landmarks alone" if given is None else f"codes of {given.encoder_id.split()[0]}"
    return OptionError(
        f"{driver.path} holds {holds}, and {name} with these weights needs its own codes",
        hint=f"write it anew with: animate track VIDEO --model {name} -o T.npz",
    )
