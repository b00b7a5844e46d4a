"""The networks of Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*.

    symbol  | name         | shape           | equation
    S_I     | face         | (B, 3, S, S)    | source picture
    S_lm    | source       | (B, 74, 2)      | its landmarks, normalised here
    D_lm    | driver       | (B, 74, 2)      | where they go
    f_G     | flow         | (B, 2, s, s)    | global branch
    f̂_L, m  | local        | (B, 3, p, p)    | `models.sparse_to_dense.local_branch`
    F       | grid         | (B, S, S, 2)    | eq. 3, `_grid`
    E       | warped       | (B, 3, S, S)    | eq. 1, `layers.grid.warp_sharply`
    R, M    | painted, mask| (B, 3 / 1, S, S)| `models.sparse_to_dense.refinement`
    T       | image        | (B, 3, S, S)    | eq. 2, `compose`

Departures from the paper, each but the first a switch of the config
    sampling   eq. 1 is bicubic: what is warped once loses less of its detail
    prior      F is a given grid (thin-plate) plus learned corrections; see `motion_branch`
    widths     as small as a CPU needs (`fast`)
    paint      local branches also paint; see `models.sparse_to_dense.local_branch`
    head       the whole face's branch sees where each pixel lies on the head and what a rigid head
               would do to it, and mixes such motions; see `models.sparse_to_dense.carried`
    layered    only the person is warped, before what stands still; see `background`
    inside     E shows the inside of a mouth that opens, and M is 1 there, for the photo has no
               detail to lend; see `models.sparse_to_dense.mouth_interior`
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.grid import (
    identity_grid,
    points_to_normalised,
    points_to_pixel,
    resize_grid,
    warp_sharply,
)
from animate_cli.models.sparse_to_dense.background import (
    BackgroundLayers,
    composite,
    split_background,
)
from animate_cli.models.sparse_to_dense.carried import Head, HeadConfig
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
from animate_cli.models.sparse_to_dense.refinement import RefineConfig, RefineNetwork

_BASIS = 3  # carried as a head is, deeper or less deep, at rest


class CarriedExtent(StrEnum):
    """How much is drawn while training begins: the whole face's motion, all motion, or the picture.

    Short of the picture T and R are E and M is 0; that costs a tenth and a half of it.
    """

    WHOLE = "whole"
    MOTION = "motion"
    PICTURE = "picture"


@dataclass(frozen=True, kw_only=True)
class SparseMotionConfig:
    """What weights were built with. patch: pixels of a local branch's square; field: at which
    side the branches' fields are merged; head: the whole face's branch is told what a rigid head
    would do; None: it is not; layered: a matte of the source comes with it; inside: what mouths
    show that open is learned; None: it is not."""

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
    head: HeadConfig | None = None
    whole: BranchConfig = dataclasses.field(
        default_factory=lambda: BranchConfig(fold=4, widths=(32, 64, 96, 128))
    )
    local: BranchConfig = dataclasses.field(
        default_factory=lambda: BranchConfig(widths=(24, 32, 48, 64))
    )
    refine: RefineConfig = dataclasses.field(default_factory=RefineConfig)


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSource:
    """A source as the networks remember it; B is 1 in use, the batch in training.

    landmarks (B, 74, 2) normalised; whole, parts: features of the branches' encoders; background:
    of a layered network.
    """

    face: Tensor
    landmarks: Tensor
    whole: list[Tensor]
    parts: tuple[list[Tensor], ...]
    background: BackgroundLayers | None = None

    def expand(self, count: int) -> EncodedSource:
        """The same source for `count` drivers."""
        return EncodedSource(
            face=self.face.expand(count, -1, -1, -1),
            landmarks=self.landmarks.expand(count, -1, -1),
            whole=[level.expand(count, -1, -1, -1) for level in self.whole],
            parts=tuple([x.expand(count, -1, -1, -1) for x in part] for part in self.parts),
            background=None if self.background is None else self.background.expand(count),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SparseMotionOutput:
    """One step's results, letters as in the module's table; T and R may leave [0, 1] a little.

    share, disoccluded (B, 1, S, S): the person's, and what it uncovers, of a layered network.
    """

    image: Tensor
    grid: Tensor
    mask: Tensor
    warped: Tensor
    painted: Tensor
    share: Tensor | None = None
    disoccluded: Tensor | None = None


class SparseMotion(nn.Module):
    """Source face, landmarks of source and driver -> image, grid and mask."""

    LATER = ("inside.",)  # what a training may begin without

    def __init__(self, config: SparseMotionConfig) -> None:
        super().__init__()
        self.config = config
        self.whole = MotionBranch(
            config.whole,
            points=config.landmarks,
            size=config.face_size,
            outputs=2 if config.head is None else 2 + _BASIS,
            has_prior=config.prior,
            cues=(0, 0) if config.head is None else (2, 4),
        )
        self.head = None if config.head is None else Head(config.head)
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
        extent: CarriedExtent = CarriedExtent.PICTURE,
    ) -> SparseMotionOutput:
        """face (B, 3, S, S), landmarks (B, 74, 2) in its pixels, prior grid (B, S, S, 2), matte
        (B, 1, S, S) where the network is layered."""
        encoded = self.encode(face, source_px, matte, extent)
        return self.draw(encoded, driver_px, prior, extent=extent)

    def encode(
        self,
        face: Tensor,
        source_px: Tensor,
        matte: Tensor | None = None,
        extent: CarriedExtent = CarriedExtent.PICTURE,
    ) -> EncodedSource:
        """All that depends on the source alone; ValueError: a matte is missing, or not wanted."""
        if self.config.layered == (matte is None):
            raise ValueError("a matte goes with a layered network, and with no other")
        source = points_to_normalised(source_px, *face.shape[-2:])
        branches = [] if extent is CarriedExtent.WHOLE else self._branches()
        side = face.shape[-1] // self.config.whole.fold
        cue = None if self.head is None else self.head.places(self.head.camera(source), side)
        return EncodedSource(
            face=face,
            landmarks=source,
            whole=self.whole.encode(face, source, cue),
            parts=tuple(branch.encode(face, source) for branch in branches),
            background=None if matte is None else split_background(face, matte),
        )

    def draw(
        self,
        source: EncodedSource,
        driver_px: Tensor,
        prior: Tensor | None,
        *,
        extent: CarriedExtent = CarriedExtent.PICTURE,
        free: Tensor | None = None,
    ) -> SparseMotionOutput:
        """Move an encoded source (B) to where its landmarks lie at driver_px (B, 74, 2); free
        (1, S, S, 2): how much of what the branches add to the prior is used."""
        size = source.face.shape[-1]
        driver = points_to_normalised(driver_px, size, size)
        locals_ = [
            branch.draw(features, source.landmarks, driver, prior)
            for branch, features in zip(self._branches(), source.parts, strict=False)
        ]
        grid = self._grid(source, driver, prior, locals_)
        identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
        if free is not None:
            grid = torch.lerp(identity if prior is None else prior, grid, free)
        composed = None
        if source.background is None:
            warped = warp_sharply(source.face, grid)  # eq. 1
            flow = (grid - identity).permute(0, 3, 1, 2)
        else:
            composed = composite(source.face, source.background, grid)
            warped, flow = composed.warped, composed.flow
        share, disoccluded = (
            (None, None) if composed is None else (composed.share, composed.disoccluded)
        )
        drawn = partial(SparseMotionOutput, grid=grid, share=share, disoccluded=disoccluded)
        if extent is not CarriedExtent.PICTURE:
            nothing = torch.zeros_like(warped[:, :1])
            return drawn(image=warped, warped=warped, painted=warped, mask=nothing)
        inside = None
        if self.inside is not None:
            here = points_to_pixel(source.landmarks, size, size)
            warped, inside = self.inside(warped, source.face, here, driver_px)
        painted, mask = self.refine(warped, flow)
        if composed is not None:
            mask = mask * composed.near
        image = compose(warped, painted, mask)
        layers = Layers(warped=warped, image=image, mask=mask, painted=painted)
        for local in locals_:
            layers = overlay(layers, local)
        mask = layers.mask if inside is None else layers.mask + inside * (1 - layers.mask)
        return drawn(image=layers.image, warped=warped, painted=layers.painted, mask=mask)

    def _grid(
        self,
        source: EncodedSource,
        driver: Tensor,
        prior: Tensor | None,
        locals_: list[LocalMotion],
    ) -> Tensor:
        """F of eq. 3: (B, S, S, 2). Branches are merged at `field` pixels, then enlarged."""
        size = source.face.shape[-1]
        side = min(size, self.config.field)
        drawn = self._whole_flow(source, driver, prior)
        drawn = drawn.contiguous()  # enlarging two channels side by side takes four times as long
        flow = F.interpolate(drawn, (side, side), mode="bilinear", align_corners=False)  # f_G
        for local in locals_:
            flow = merge(flow, local, has_prior=prior is not None)
        flow = F.interpolate(flow, (size, size), mode="bilinear", align_corners=False)
        identity = identity_grid(size, size, device=driver.device, dtype=driver.dtype)
        base = identity if prior is None else prior
        return base + flow.permute(0, 2, 3, 1)

    def _whole_flow(self, source: EncodedSource, driver: Tensor, prior: Tensor | None) -> Tensor:
        """f_G (B, 2, s, s): what is added to the prior, or to the identity where there is none.

        With `head`: a field of its own, and shares of what would make of the prior a head that is
        carried, more or less deep, or nothing at all.
        """
        if self.head is None:
            return self.whole.decode(source.whole, source.landmarks, driver, prior) / FLOW_GAIN
        side = source.whole[0].shape[-1]
        here, there = self.head.camera(source.landmarks), self.head.camera(driver)
        flow, parallax = self.head.carried(here, there, side)
        cue = torch.cat((FLOW_GAIN * flow, self.head.places(there, side)), dim=1)
        drawn = self.whole.decode(source.whole, source.landmarks, driver, prior, cue)
        present = torch.zeros_like(flow)
        if prior is not None:
            identity = identity_grid(side, side, device=flow.device, dtype=flow.dtype)
            present = (resize_grid(prior, side, side) - identity).permute(0, 3, 1, 2)
        basis = (flow - present, parallax[..., None, None].expand_as(flow), -present)
        shares = drawn[:, 2:, None].tanh()  # (B, 3, 1, s, s)
        return drawn[:, :2] / FLOW_GAIN + (shares * torch.stack(basis, dim=1)).sum(dim=1)

    def _branches(self) -> list[LocalBranch]:
        return list(self.parts)  # type: ignore[arg-type]


def compose(warped: Tensor, painted: Tensor, mask: Tensor) -> Tensor:
    """T = E ⊙ (1 − M) + R ⊙ M (eq. 2)."""
    return torch.lerp(warped, painted, mask)
