"""The default model's network: the dense motion network and the image generation network, joined.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3 and
figure 1.

    symbol  | name         | shape           | equation
    S_I     | face         | (B, 3, S, S)    | source picture
    S_lm    | source       | (B, 74, 2)      | its landmarks
    D_lm    | driver       | (B, 74, 2)      | the driver's landmarks
    f_G     | flow         | (B, 2, s, s)    | `motion_branch`: the global branch
    f̂_L, m  | local        | (B, 3, p, p)    | `local_branch`: one of three local branches
    F       | grid         | (B, S, S, 2)    | eq. 3, `SparseMotion._grid`
    E       | warped       | (B, 3, S, S)    | eq. 1, `layers.grid.warp_sharply`
    R, M    | painted, mask| (B, 3 / 1, S, S)| `refinement`: the image generation network
    T       | image        | (B, 3, S, S)    | eq. 2, `compose`

Departures from the paper, all but the first two switches of the config
    sampling    eq. 1 is bicubic, not bilinear: a picture that is warped once keeps more detail
    resolution  eq. 3 is merged at `field` = 128 pixels, then enlarged; the paper merges at 256
    prior       F is a given grid (thin-plate) plus learned corrections; see `motion_branch`
    widths      as small as a CPU needs (`fast`)
    paint       local branches also paint; see `local_branch`
    layered     only the person is warped; the background stays; see `background`
    inside      E shows the inside of a mouth that opens, and M is 1 there, because the photo does
                not show it; see `mouth_interior`
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.grid import (
    identity_grid,
    points_to_normalised,
    points_to_pixel,
    warp_sharply,
)
from animate_cli.models.base import ALONE
from animate_cli.models.sparse_to_dense.background import (
    Composite,
    composite,
    split_background,
)
from animate_cli.models.sparse_to_dense.edge_fade import correction_weight
from animate_cli.models.sparse_to_dense.local_branch import (
    Layers,
    LocalBranch,
    LocalMotion,
    PartConfig,
    merge,
    overlay,
)
from animate_cli.models.sparse_to_dense.motion_branch import FLOW_GAIN, BranchConfig, MotionBranch
from animate_cli.models.sparse_to_dense.mouth_interior import MouthInterior, MouthInteriorConfig
from animate_cli.models.sparse_to_dense.records import EncodedSource, SparseMotionOutput
from animate_cli.models.sparse_to_dense.refinement import RefineConfig, RefineNetwork
from animate_cli.models.sparse_to_dense.render_steps import NO_STEPS, RenderSteps, finish
from animate_cli.records import OpenEdges


@dataclass(frozen=True, kw_only=True)
class SparseMotionConfig:
    """The architecture that weights belong to; it is stored in the weight file.

    parts: of the face, one local branch each; face_size: side S; landmarks: their number; patch:
    side of a local branch's square, px; field: side at which the branches' fields are merged, px;
    prior, local_branches, local_paint, layered: departures, on or off; inside: the landmarks around
    the inside of a mouth, None: it is not learned; whole, local, refine: sizes of the networks.
    """

    parts: tuple[PartConfig, ...]
    face_size: int = 256
    landmarks: int = 74
    patch: int = 64
    field: int = 128
    prior: bool = True
    local_branches: bool = True
    local_paint: bool = True
    layered: bool = False
    inside: MouthInteriorConfig | None = None
    whole: BranchConfig = dataclasses.field(
        default_factory=lambda: BranchConfig(fold=4, widths=(32, 64, 96, 128))
    )
    local: BranchConfig = dataclasses.field(
        default_factory=lambda: BranchConfig(widths=(24, 32, 48, 64))
    )
    refine: RefineConfig = dataclasses.field(default_factory=RefineConfig)


class SparseMotion(nn.Module):
    """Source face, landmarks of source and driver -> image, grid and mask."""

    OPTIONAL_PREFIXES = ("inside.",)  # of tensors that weights to start from may lack

    def __init__(self, config: SparseMotionConfig) -> None:
        super().__init__()
        self.config = config
        self.whole = MotionBranch(
            config.whole,
            points=config.landmarks,
            size=config.face_size,
            outputs=2,
            has_prior=config.prior,
        )
        self.parts = nn.ModuleList(
            LocalBranch(
                part,
                config.local,
                patch=config.patch,
                has_prior=config.prior,
                paints=config.local_paint,
            )
            for part in (config.parts if config.local_branches else ())
        )
        self.refine = RefineNetwork(config.refine)
        self.inside = None if config.inside is None else MouthInterior(config.inside)

    def forward(
        self,
        face: Tensor,
        source_px: Tensor,
        driver_px: Tensor,
        prior: Tensor | None,
        matte: Tensor | None = None,
        *,
        open_edges: OpenEdges = ALONE,
        steps: RenderSteps = NO_STEPS,
    ) -> SparseMotionOutput:
        """`encode`, then `render`: how training and its evaluation call the network.

        face (B, 3, S, S) in [0, 1], landmarks (B, 74, 2) in its pixels, prior grid (B, S, S, 2),
        matte (B, 1, S, S) where the network is layered.
        """
        source = self.encode(face, source_px, matte, open_edges)
        return self.render(source, driver_px, prior, steps=steps)

    def encode(
        self,
        face: Tensor,
        source_px: Tensor,
        matte: Tensor | None = None,
        open_edges: OpenEdges = ALONE,
    ) -> EncodedSource:
        """All that depends on the source alone; shapes as in `forward`.

        Raises:
            ValueError: a layered network needs a matte, and no other network takes one.
        """
        if self.config.layered == (matte is None):
            raise ValueError("a matte goes with a layered network, and with no other")
        source, weight = points_to_normalised(source_px, *face.shape[-2:]), None
        if open_edges != ALONE:
            weight = correction_weight(open_edges, face.shape[-1]).to(face.device)
        return EncodedSource(
            face=face,
            landmarks=source,
            landmarks_px=source_px,
            whole=self.whole.encode(face, source),
            parts=tuple(branch.encode(face, source) for branch in self._branches()),
            background=None if matte is None else split_background(face, matte),
            correction_weight=weight,
        )

    def render(
        self,
        source: EncodedSource,
        driver_px: Tensor,
        prior: Tensor | None,
        *,
        steps: RenderSteps = NO_STEPS,
    ) -> SparseMotionOutput:
        """The one composition of training, evaluation and use.

        An encoded source (B) is moved to where its landmarks lie at driver_px (B, 74, 2); prior
        (B, S, S, 2) is the grid that the branches correct. steps: applied to the result by
        `render_steps.finish`.
        """
        size = source.face.shape[-1]
        driver = points_to_normalised(driver_px, size, size)
        local_motions = [
            branch.decode(features, source.landmarks, driver, prior)
            for branch, features in zip(self._branches(), source.parts, strict=True)
        ]
        grid = self._grid(source, driver, prior, local_motions)  # eq. 3
        warped, flow, composed = _warp(source, grid)  # eq. 1
        warped, inside = self._with_mouth(warped, source, driver_px)
        painted, mask = self.refine(warped, flow)
        if composed is not None:
            mask = mask * composed.near
        image = compose(warped, painted, mask)  # eq. 2
        layers = Layers(warped=warped, image=image, mask=mask, painted=painted)
        for local in local_motions:
            layers = overlay(layers, local)
        output = SparseMotionOutput(
            image=layers.image,
            grid=grid,
            mask=layers.mask if inside is None else layers.mask + inside * (1 - layers.mask),
            warped=warped,
            painted=layers.painted,
            share=None if composed is None else composed.share,
            disoccluded=None if composed is None else composed.disoccluded,
        )
        return finish(output, source, driver_px, prior, steps)

    def _with_mouth(
        self, warped: Tensor, source: EncodedSource, driver_px: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """E with the inside of the mouth, and where it is shown (B, 1, S, S); None: not learned."""
        if self.inside is None:
            return warped, None
        size = source.face.shape[-1]
        source_px = points_to_pixel(source.landmarks, size, size)
        shown: tuple[Tensor, Tensor] = self.inside(warped, source.face, source_px, driver_px)
        return shown

    def _grid(
        self,
        source: EncodedSource,
        driver: Tensor,
        prior: Tensor | None,
        local_motions: list[LocalMotion],
    ) -> Tensor:
        """F of eq. 3: (B, S, S, 2). Branches are merged at `field` pixels, then enlarged."""
        size = source.face.shape[-1]
        side = min(size, self.config.field)
        coarse = self.whole.decode(source.whole, source.landmarks, driver, prior) / FLOW_GAIN
        coarse = coarse.contiguous()  # enlarging channels-last takes four times as long
        flow = F.interpolate(coarse, (side, side), mode="bilinear", align_corners=False)  # f_G
        for local in local_motions:
            flow = merge(flow, local, has_prior=prior is not None)
        flow = F.interpolate(flow, (size, size), mode="bilinear", align_corners=False)
        identity = identity_grid(size, size, device=driver.device, dtype=driver.dtype)
        base = identity if prior is None else prior
        grid = base + flow.permute(0, 2, 3, 1)
        weight = source.correction_weight
        return grid if weight is None else torch.lerp(base, grid, weight)

    def _branches(self) -> list[LocalBranch]:
        return list(self.parts)  # type: ignore[arg-type]


def _warp(source: EncodedSource, grid: Tensor) -> tuple[Tensor, Tensor, Composite | None]:
    """Eq. 1: E (B, 3, S, S), the displacement (B, 2, S, S), and of a layered network the rest."""
    if source.background is not None:
        composed = composite(source.face, source.background, grid)
        return composed.warped, composed.flow, composed
    size = source.face.shape[-1]
    identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
    return warp_sharply(source.face, grid), (grid - identity).permute(0, 3, 1, 2), None


def compose(warped: Tensor, painted: Tensor, mask: Tensor) -> Tensor:
    """T = E ⊙ (1 − M) + R ⊙ M (eq. 2)."""
    return torch.lerp(warped, painted, mask)
