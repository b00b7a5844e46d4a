"""The contract of a model: the same for training, evaluation and use.

Landmarks that reach a model are in *face pixels*: pixels of the square it sees and renders. The
driver's come through one fixed square for the whole clip, cut by the same rule as the source's,
so that a shift in the driver is a shift of the same share of the head in the source.

Where the driver's body was seen, 26 more rows below its landmarks tell how neck, shoulders and
hair moved by themselves since the anchor, in units of the head (`faces.tracking.body_motion`);
models that have no use for them take the first 74.

A driver code holds B frames and is sliced by frame, code[a:b], as a tensor is.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor

from animate_cli.options import Engine, MotionOptions
from animate_cli.records import OpenEdges, Rendered

ALONE = OpenEdges()
"""The square is the whole photo."""

SourceCode = TypeVar("SourceCode")
DriverCode = TypeVar("DriverCode")
State = TypeVar("State")


class FaceModel(Protocol[SourceCode, DriverCode, State]):
    """A still face and a motion code in, a moved face out."""

    face_size: int

    def frame_encoder(self) -> FrameEncoder | None:
        """The encoder that must see the driver's frames in pass 1; None: landmarks are enough."""
        ...

    def encode_source(
        self, face: Tensor, landmarks: Tensor, beyond: OpenEdges = ALONE
    ) -> SourceCode:
        """Once per portrait: face (1, 3, S, S) in [0, 1], landmarks (1, 74, 2) in face pixels;
        beyond: where the photo goes on. A model that can comes to rest before those edges."""
        ...

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> DriverCode:
        """Per frame, small, batched: faces (B, 3, S, S) where the model reads frames, else None;
        landmarks (B, 74, 2) in face pixels, or with the body (B, 100, 2)."""
        ...

    def retarget(
        self, source: SourceCode, driver: DriverCode, anchor: DriverCode, options: MotionOptions
    ) -> DriverCode:
        """The driver's motion on the source's face: codes of B frames and of the one anchor
        frame -> codes of B frames."""
        ...

    def render(
        self, source: SourceCode, drivers: DriverCode, state: State | None = None
    ) -> tuple[Rendered, State | None]:
        """Draw B frames. Models without memory take and return None as state."""
        ...


class FrameEncoder(Protocol):
    """A model that reads frames, as pass 1 sees it: its codes (B, D) are kept in the trajectory.

    face_size: side in pixels of the squares it reads. encoder_id: the model's name and a digest of
    the weights that write the codes; no other encoder can use them. gmac_per_frame: billions of
    multiplications in plain convolutions that take a CPU as long as drawing one frame.
    """

    face_size: int
    encoder_id: str
    gmac_per_frame: float

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """faces (B, 3, S, S) in [0, 1], landmarks (B, 74, 2) in face pixels -> codes (B, D)."""
        ...

    def reframe(self, codes: Tensor, ratio: Tensor, shift: Tensor) -> Tensor:
        """Codes (B, D) as they would be had the frames been seen through another square.

        A place u in the old square is at ratio u + shift in the new one: ratio (1 or B, 1),
        shift (1 or B, 2).
        """
        ...


@runtime_checkable
class HasEngine(Protocol):
    """A model that several engines can run."""

    engine: Engine


def engine_of(model: FaceModel[Any, Any, Any]) -> Engine:
    """The engine that runs a model: never auto."""
    return model.engine if isinstance(model, HasEngine) else Engine.TORCH
