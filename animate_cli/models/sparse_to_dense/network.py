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
    inside      E shows the inside of a mouth that opens, and M is 1 there, because the photo has
                no detail to lend; see `mouth_interior`
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.grid import (
    identity_grid,
    points_to_normalised,
    points_to_pixel,
    warp_sharply,
)
from animate_cli.models.sparse_to_dense.background import (
    BackgroundLayers,
    composite,
    split_background,
)
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


@dataclass(frozen=True, kw_only=True)
class SparseMotionConfig:
    """What weights were built with. patch: pixels of a local branch's square; field: at which
    side the branches' fields are merged; layered: a matte of the source comes with it; inside:
    the inside of mouths that open is learned; None: it is not."""

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
    ) -> SparseMotionOutput:
        """face (B, 3, S, S), landmarks (B, 74, 2) in its pixels, prior grid (B, S, S, 2), matte
        (B, 1, S, S) where the network is layered."""
        return self.draw(self.encode(face, source_px, matte), driver_px, prior)

    def encode(self, face: Tensor, source_px: Tensor, matte: Tensor | None = None) -> EncodedSource:
        """All that depends on the source alone; ValueError: a matte is missing, or not wanted."""
        if self.config.layered == (matte is None):
            raise ValueError("a matte goes with a layered network, and with no other")
        source = points_to_normalised(source_px, *face.shape[-2:])
        return EncodedSource(
            face=face,
            landmarks=source,
            whole=self.whole.encode(face, source),
            parts=tuple(branch.encode(face, source) for branch in self._branches()),
            background=None if matte is None else split_background(face, matte),
        )

    def draw(
        self,
        source: EncodedSource,
        driver_px: Tensor,
        prior: Tensor | None,
        *,
        free: Tensor | None = None,
    ) -> SparseMotionOutput:
        """Move an encoded source (B) to where its landmarks lie at driver_px (B, 74, 2); free
        (1, S, S, 2): how much of what the branches add to the prior is used."""
        size = source.face.shape[-1]
        driver = points_to_normalised(driver_px, size, size)
        locals_ = [
            branch.draw(features, source.landmarks, driver, prior)
            for branch, features in zip(self._branches(), source.parts, strict=True)
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
        drawn = self.whole.decode(source.whole, source.landmarks, driver, prior) / FLOW_GAIN
        drawn = drawn.contiguous()  # enlarging two channels side by side takes four times as long
        flow = F.interpolate(drawn, (side, side), mode="bilinear", align_corners=False)  # f_G
        for local in locals_:
            flow = merge(flow, local, has_prior=prior is not None)
        flow = F.interpolate(flow, (size, size), mode="bilinear", align_corners=False)
        identity = identity_grid(size, size, device=driver.device, dtype=driver.dtype)
        base = identity if prior is None else prior
        return base + flow.permute(0, 2, 3, 1)

    def _branches(self) -> list[LocalBranch]:
        return list(self.parts)  # type: ignore[arg-type]


def compose(warped: Tensor, painted: Tensor, mask: Tensor) -> Tensor:
    """T = E ⊙ (1 − M) + R ⊙ M (eq. 2)."""
    return torch.lerp(warped, painted, mask)
