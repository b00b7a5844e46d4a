"""Converts the driver's codes from driver pixels to one square that matches the source's face.

The square is fixed for the whole clip. Where the trajectory's motion weight is below 1, codes are
blended with the rest code. `stages.motion` is the same for landmarks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli.models.base import FrameEncoder
from animate_cli.options import Motion
from animate_cli.records import Matrix, Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeMotion:
    """The driver's motion for a model that encodes frames.

    ratio (1, 1), shift (1, 2): size and place of the square, see `FrameEncoder.reframe`;
    anchor, rest (1, D): codes in the square. Relative motion is measured from anchor; fading motion
    returns to rest.
    """

    trajectory: Trajectory
    encoder: FrameEncoder
    ratio: Tensor
    shift: Tensor
    anchor: Tensor
    rest: Tensor

    def parts(self, count: int, *, device: torch.device, start: int = 0) -> Iterator[Tensor]:
        """The driver's codes, `count` frames at a time: (<= count, D)."""
        for at in range(start, len(self.trajectory), count):
            yield self._part(slice(at, at + count)).to(device)

    def _part(self, frames: slice) -> Tensor:
        """The codes of some frames, blended with the rest code by the motion weight."""
        driver = _reframed(self.encoder, self.trajectory, frames, self.ratio, self.shift)
        if self.trajectory.motion_weight is None:
            return driver
        weight = torch.from_numpy(self.trajectory.motion_weight[frames, None]).to(driver)
        return torch.lerp(self.rest, driver, weight)


def code_motion(
    trajectory: Trajectory,
    anchor: int,
    frame_to_face: Matrix,
    encoder: FrameEncoder,
    source_code: Tensor,
    motion: Motion,
) -> CodeMotion:
    """Make the driver's code motion.

    frame_to_face (2, 3): driver pixels to face pixels, without rotation. source_code (1, D): the
    source's own code, which is the rest code of absolute motion.
    """
    size = encoder.face_size
    ratio = source_code.new_tensor([[2 * frame_to_face[0, 0] / size]])
    shift = source_code.new_tensor((2 * frame_to_face[:, 2] + 1) / size - 1)[None]
    start = _reframed(encoder, trajectory, slice(anchor, anchor + 1), ratio, shift)
    return CodeMotion(
        trajectory=trajectory,
        encoder=encoder,
        ratio=ratio,
        shift=shift,
        anchor=start,
        rest=start if motion is Motion.RELATIVE else source_code,
    )


def _reframed(
    encoder: FrameEncoder, trajectory: Trajectory, frames: slice, ratio: Tensor, shift: Tensor
) -> Tensor:
    if trajectory.codes is None:
        raise ValueError("the trajectory holds no codes: `stages.codes` makes them")
    values = torch.from_numpy(trajectory.codes.values[frames]).to(ratio)
    return encoder.reframe(values, ratio, shift)
