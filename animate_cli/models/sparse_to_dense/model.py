"""The default model: landmarks become dense motion, and what motion cannot show is painted.

Zhao et al. 2021; the networks, their equations and departures are in
`models.sparse_to_dense.network`. Here they meet the prior (`models.thin_plate.model`) and the
landmarks' names.

`fast` is the embedded config, made for CPUs; `paper` has the published structure: 256² without
folding, the generator of the first-order model, no prior."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli import hub
from animate_cli.faces import points
from animate_cli.faces.retargeting.retarget import retarget_landmarks
from animate_cli.faces.segmentation.matte import load_matte
from animate_cli.faces.segmentation.matte_network import MatteNetwork
from animate_cli.layers.colour import grey
from animate_cli.layers.grid import identity_grid, points_to_pixel
from animate_cli.layers.inference.bfloat16 import InBfloat16, is_native
from animate_cli.layers.inference.engine import choose, run_by
from animate_cli.layers.inference.prepare import fuse_for_inference
from animate_cli.layers.smoothstep import smooth_step
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.models.base import ALONE
from animate_cli.models.sparse_to_dense.background import without_person
from animate_cli.models.sparse_to_dense.local_branch import PartConfig
from animate_cli.models.sparse_to_dense.motion_branch import BranchConfig
from animate_cli.models.sparse_to_dense.mouth_interior import MouthInteriorConfig
from animate_cli.models.sparse_to_dense.network import (
    EncodedSource,
    SparseMotion,
    SparseMotionConfig,
)
from animate_cli.models.sparse_to_dense.refinement import RefineConfig
from animate_cli.models.sparse_to_dense.rest_blend import blend_to_rest, motion_weight
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.options import Engine, MotionOptions
from animate_cli.records import BODY, LANDMARKS, OpenEdges, Rendered

WEIGHTS = "sparse_to_dense"
PRIOR_COARSENESS = 2.0
EDGE_FADE = 0.094  # of the side: before an edge behind which the photo goes on, nothing is added
_COLOUR = 6 / 255  # a photo whose colours differ by less anywhere has none

RIGHT_EYE = (*points.RIGHT_BROW, *points.RIGHT_EYE, *points.RIGHT_LIDS, points.PUPILS[0])
LEFT_EYE = (*points.LEFT_BROW, *points.LEFT_EYE, *points.LEFT_LIDS, points.PUPILS[1])
MOUTH = (*points.OUTER_LIPS, *points.INNER_LIPS)
PARTS = (
    PartConfig(landmarks=LEFT_EYE, margin=1.4),
    PartConfig(landmarks=RIGHT_EYE, margin=1.4),
    PartConfig(landmarks=MOUTH, margin=1.6),
)

INSIDE = MouthInteriorConfig(
    upper=points.UPPER_INNER_LIP,
    lower=points.LOWER_INNER_LIP,
    skin=((28, 28), (29, 29), (30, 30), (2, 31), (14, 35), (3, 48), (13, 54)),
)

FAST = SparseMotionConfig(parts=PARTS)
PAPER = SparseMotionConfig(
    parts=PARTS,
    prior=False,
    local_paint=False,
    whole=BranchConfig(widths=(32, 64, 128, 256, 256, 256), code=256),
    local=BranchConfig(widths=(32, 64, 128, 256), code=256),
    refine=RefineConfig(fold=1, widths=(64, 128, 256), blocks=6, skips=False),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class SparseToDenseSource:
    """A portrait as this model remembers it: landmarks (1, 74, 2) in face pixels;
    free (1, S, S, 2): how much of what the networks add to the prior is used;
    is_grey: no colour is to be painted into it."""

    encoded: EncodedSource
    landmarks: Tensor
    free: Tensor
    is_grey: bool


class SparseToDense:
    """The `FaceModel` whose driver code is what was seen: landmarks (B, 74, 2) in face pixels, and
    below them the body (B, 26, 2), if it was seen."""

    def __init__(
        self,
        network: SparseMotion,
        *,
        matte: MatteNetwork | None = None,
        device: torch.device | str = "cpu",
        engine: Engine = Engine.TORCH,
    ) -> None:
        """matte: of a layered network; engine: auto also draws in bfloat16 where that is faster;
        the others never do."""
        self.face_size: int = network.config.face_size
        self.engine = choose(engine, device)
        self._matte = None if matte is None else fuse_for_inference(matte).to(device)
        used = fuse_for_inference(network)
        self._network = used.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        refine, example = self._network.refine, self._network.refine.example(self.face_size)
        self._network.refine = run_by(self.engine, refine, example)
        if engine is Engine.AUTO and is_native(device):
            self._network.refine = InBfloat16(self._network.refine)
        self._prior = (
            LandmarkGrid(self.face_size, coarseness=PRIOR_COARSENESS, device=device)
            if network.config.prior
            else None
        )

    def frame_encoder(self) -> None:
        """Landmarks are enough for this model."""
        return

    def encode_source(
        self, face: Tensor, landmarks: Tensor, beyond: OpenEdges = ALONE
    ) -> SparseToDenseSource:
        """face (1, 3, S, S) in [0, 1], landmarks (1, 74, 2) in face pixels; beyond: towards these
        edges what the networks add to the prior's motion fades."""
        face = face.contiguous()  # colour by colour pictures are laid over one another in less time
        matte = None if self._matte is None else self._matte(face, landmarks)
        encoded = self._network.encode(face, landmarks, matte)
        free = correction_weight(beyond, face.shape[-1]).to(face.device)
        return SparseToDenseSource(
            encoded=encoded, landmarks=landmarks, free=free, is_grey=_is_grey(face)
        )

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """What was seen is the code, unchanged."""
        del faces
        return landmarks

    def retarget(
        self, source: SparseToDenseSource, driver: Tensor, anchor: Tensor, options: MotionOptions
    ) -> Tensor:
        """Driver (B, K, 2) and anchor (1, K, 2) -> the source's own points and body (B, K, 2)."""
        seen, start = driver[:, :LANDMARKS], anchor[:, :LANDMARKS]
        points = retarget_landmarks(source.landmarks, seen, start, options)
        body = options.body * (driver[:, LANDMARKS:] - anchor[:, LANDMARKS:])
        return torch.cat((points, body), dim=1)

    def render(
        self, source: SparseToDenseSource, drivers: Tensor, state: None = None
    ) -> tuple[Rendered, None]:
        """Move the source's landmarks to `drivers` (B, K, 2), and paint what that uncovers."""
        del state
        body = drivers[:, LANDMARKS:]
        if not body.shape[1]:
            body = drivers.new_zeros(len(drivers), BODY, 2)  # as pairs that are `unseen`
        drivers, prior = drivers[:, :LANDMARKS], None
        if self._prior is not None:
            drivers = self._prior.keep_room(source.landmarks, drivers)
            prior = self._prior.grid(source.landmarks.expand_as(drivers), drivers, body)
        encoded = source.encoded.expand(len(drivers))
        drawn = self._network.draw(encoded, drivers, prior, free=source.free)
        grid, mask = drawn.grid, drawn.mask
        if drawn.share is not None and drawn.disoccluded is not None:
            grid, mask = without_person(grid, mask, drawn.share, drawn.disoccluded)
        image = drawn.image.clamp(0, 1)
        if source.is_grey:
            image = grey(image).expand(-1, 3, -1, -1)
        present = _presence(source.landmarks, drivers, prior)
        face, grid, mask = blend_to_rest(source.encoded.face, image, grid, mask, present)
        return Rendered(face=face, grid=grid, refine_mask=mask), None


def _presence(source_px: Tensor, driver_px: Tensor, prior: Tensor | None) -> Tensor:
    """0 where neither landmarks (1 and B, 74, 2) nor the prior (B, S, S, 2) move: (B, 1, 1, 1)."""
    present = motion_weight(source_px, driver_px)
    if prior is None or bool((present == 1).all()):
        return present
    size = prior.shape[1]
    here = identity_grid(size, size, device=prior.device, dtype=prior.dtype)
    moved, still = (points_to_pixel(grid.flatten(1, 2), size, size) for grid in (prior, here))
    return torch.maximum(present, motion_weight(still, moved))


def _is_grey(face: Tensor) -> bool:
    """Whether a picture (1, 3, S, S) in [0, 1] has no colour."""
    return bool((face.amax(dim=1) - face.amin(dim=1)).max() < _COLOUR)


def correction_weight(beyond: OpenEdges, size: int) -> Tensor:
    """0 at edges behind which the photo goes on, 1 from `EDGE_FADE` on: (1, S, S, 2), like a
    grid."""
    across = _between_shores(size, first=beyond.left, last=beyond.right)
    down = _between_shores(size, first=beyond.top, last=beyond.bottom)
    return (down[:, None] * across)[None, :, :, None].repeat(1, 1, 1, 2)


def _between_shores(size: int, *, first: bool, last: bool) -> Tensor:
    """The same along one axis: (S,)."""
    ashore = smooth_step(torch.arange(size) / (EDGE_FADE * size))
    free = ashore if first else torch.ones(size)
    return free * ashore.flip(0) if last else free


def create_model(
    *,
    device: torch.device | str,
    weights: str | None = None,
    engine: Engine = Engine.TORCH,
) -> SparseToDense:
    """What `models.find` calls. weights: a name in the registry, an hf:// address or a file.

    Raises:
        OptionError: the engine is not installed.
        WeightsError: missing, damaged, or of another network.
    """
    name = weights or WEIGHTS
    metadata, tensors = hub.load(name)
    config = read_config(SparseMotionConfig, metadata, where=f"weights {name}", retired=("head",))
    network = SparseMotion(config)
    load_strictly(network, tensors, where=f"weights {name}")
    matte = load_matte() if config.layered else None
    return SparseToDense(network, matte=matte, device=device, engine=engine)
