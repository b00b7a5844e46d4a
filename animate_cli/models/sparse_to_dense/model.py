"""The default model: landmarks -> dense motion -> warped and painted picture.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*. The networks, their
equations and departures are in `models.sparse_to_dense.network`; this file adds the prior grid
(`models.thin_plate.model`) and names the landmarks of each part.

`fast` is the embedded config, made for CPUs. `paper` has the published structure: 256² without
space-to-depth, the generator of the first-order model, no prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli import hub
from animate_cli.faces import points
from animate_cli.faces.retargeting.retarget import retarget_landmarks
from animate_cli.faces.segmentation.matte import load_matte
from animate_cli.faces.segmentation.matte_network import MatteNetwork
from animate_cli.layers.inference.bfloat16 import InBfloat16, is_native
from animate_cli.layers.inference.engine import choose, run_by
from animate_cli.layers.inference.prepare import fuse_for_inference
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.models.base import ALONE
from animate_cli.models.sparse_to_dense.local_branch import PartConfig
from animate_cli.models.sparse_to_dense.motion_branch import BranchConfig
from animate_cli.models.sparse_to_dense.mouth_interior import MouthInteriorConfig
from animate_cli.models.sparse_to_dense.network import SparseMotion, SparseMotionConfig
from animate_cli.models.sparse_to_dense.records import EncodedSource
from animate_cli.models.sparse_to_dense.refinement import RefineConfig
from animate_cli.models.sparse_to_dense.render_steps import (
    ALL_STEPS,
    RenderStep,
    RenderSteps,
    is_grey,
    prior_grid,
)
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.options import Engine, MotionOptions
from animate_cli.records import BODY, LANDMARKS, OpenEdges, Rendered

WEIGHTS = "sparse_to_dense"
PRIOR_COARSENESS = 2.0

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
    """The encoded portrait, and the steps that its frames take (`render_steps`)."""

    encoded: EncodedSource
    steps: RenderSteps


class SparseToDense:
    """The `FaceModel` of Zhao et al. 2021.

    Its driver code is its input: landmarks (B, 74, 2) in face pixels or, where the body was
    tracked, with 26 more rows (B, 100, 2).
    """

    def __init__(
        self,
        network: SparseMotion,
        *,
        matte: MatteNetwork | None = None,
        device: torch.device | str = "cpu",
        engine: Engine = Engine.TORCH,
    ) -> None:
        """matte: of a layered network. engine: auto computes in bfloat16 where that is faster; the
        others never do."""
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
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> SparseToDenseSource:
        """face (1, 3, S, S) in [0, 1], landmarks (1, 74, 2) in face pixels.

        open_edges: towards these edges the learned correction of the prior fades (`edge_fade`).
        """
        face = face.contiguous()  # blending pictures is faster when they lie colour by colour
        matte = None if self._matte is None else self._matte(face, landmarks)
        encoded = self._network.encode(face, landmarks, matte, open_edges)
        steps = ALL_STEPS if bool(is_grey(face)) else ALL_STEPS - {RenderStep.KEEP_GREY}
        return SparseToDenseSource(encoded=encoded, steps=steps)

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """The landmarks and the body are the code, unchanged."""
        del faces
        return landmarks

    def retarget(
        self, source: SparseToDenseSource, driver: Tensor, anchor: Tensor, options: MotionOptions
    ) -> Tensor:
        """Driver (B, K, 2), anchor (1, K, 2) -> the moved source's points and body (B, K, 2)."""
        there, start = driver[:, :LANDMARKS], anchor[:, :LANDMARKS]
        points = retarget_landmarks(source.encoded.landmarks_px, there, start, options)
        body = options.body * (driver[:, LANDMARKS:] - anchor[:, LANDMARKS:])
        return torch.cat((points, body), dim=1)

    def render(
        self, source: SparseToDenseSource, drivers: Tensor, state: None = None
    ) -> tuple[Rendered, None]:
        """The source with its landmarks and body at `drivers` (B, K, 2)."""
        del state
        body = drivers[:, LANDMARKS:]
        if not body.shape[1]:
            body = drivers.new_zeros(
                len(drivers), BODY, 2
            )  # as in training, where a pair's body may be unseen
        drivers, prior = drivers[:, :LANDMARKS], None
        encoded, steps = source.encoded.expand(len(drivers)), source.steps
        if self._prior is not None:
            drivers, prior = prior_grid(self._prior, encoded.landmarks_px, drivers, body, steps)
        output = self._network.render(encoded, drivers, prior, steps=steps)
        return Rendered(face=output.image, grid=output.grid, refine_mask=output.mask), None


def create_model(
    *,
    device: torch.device | str,
    weights: str | None = None,
    engine: Engine = Engine.TORCH,
) -> SparseToDense:
    """The model, for `models.find`. weights: a name in the registry, an hf:// address or a file.

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
