"""The contract that every model keeps; training, evaluation and use call it alike.

Landmarks are in *face pixels*: pixels of the square that the model reads and renders. One fixed
square is cut from all frames of the driver, by the same rule as the source's square. A shift of the
driver by a share of its head is therefore a shift by the same share of the source's head.

Where the driver's body was tracked, 26 more rows follow the 74 landmarks. They hold how neck,
shoulders and hair moved by themselves since the anchor frame, in units of the head
(`faces.tracking.body_motion`). Models without a use for them take the first 74 rows.

A driver code holds B frames and is sliced by frame, code[a:b], as a tensor is.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from animate_cli.options import Engine, MotionOptions
from animate_cli.records import OpenEdges, Rendered

ALONE = OpenEdges()
"""No open edges: the square is the whole photo."""

SourceCode = TypeVar("SourceCode")
DriverCode = TypeVar("DriverCode")
State = TypeVar("State")


class FaceModel(Protocol[SourceCode, DriverCode, State]):
    """Renders a source face with a driver's motion; face_size: side S of its square, px."""

    face_size: int

    def frame_encoder(self) -> FrameEncoder | None:
        """The encoder that must see the driver's frames in pass 1; None: landmarks are enough."""
        ...

    def encode_source(
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> SourceCode:
        """Called once per portrait.

        face (1, 3, S, S) in [0, 1], landmarks (1, 74, 2) in face pixels; open_edges: edges of
        the square that lie inside the photo; a model may fade its motion out towards them.
        """
        ...

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> DriverCode:
        """The code of B driver frames.

        faces (B, 3, S, S) in [0, 1] for a model with a frame encoder, else None; landmarks
        (B, 74, 2) in face pixels, or with the body (B, 100, 2).
        """
        ...

    def retarget(
        self, source: SourceCode, driver: DriverCode, anchor: DriverCode, options: MotionOptions
    ) -> DriverCode:
        """The driver's motion, applied to the source's face.

        Codes of B driver frames and of one anchor frame -> codes of B frames to be rendered.
        """
        ...

    def render(
        self, source: SourceCode, drivers: DriverCode, state: State | None = None
    ) -> tuple[Rendered, State | None]:
        """Render B frames. A model without memory takes and returns None as state."""
        ...


class FrameEncoder(Protocol):
    """A model that reads frames, as pass 1 sees it: its codes (B, D) are kept in the trajectory.

    face_size: side in pixels of the squares it reads. encoder_id: the model's name and a digest of
    the weights that write the codes; no other encoder can use them. gmac_per_frame: billions of
    multiplications in plain convolutions that take a CPU as long as rendering one frame.
    """

    face_size: int
    encoder_id: str
    gmac_per_frame: float

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """faces (B, 3, S, S) in [0, 1], landmarks (B, 74, 2) in face pixels -> codes (B, D)."""
        ...

    def reframe(self, codes: Tensor, ratio: Tensor, shift: Tensor) -> Tensor:
        """Codes (B, D) of the same frames, as another square of them would give.

        Position u in the old square, normalised, is ratio u + shift in the new one: ratio
        (1 or B, 1), shift (1 or B, 2).
        """
        ...


@runtime_checkable
class HasEngine(Protocol):
    """A model whose convolutions more than one engine can compute."""

    engine: Engine


def engine_of(model: FaceModel[Any, Any, Any]) -> Engine:
    """The engine that computes a model's convolutions: never auto."""
    return model.engine if isinstance(model, HasEngine) else Engine.TORCH
