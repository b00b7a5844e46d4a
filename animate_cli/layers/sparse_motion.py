"""The networks of Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*.

    symbol  | name         | shape           | equation
    S_I     | face         | (B, 3, S, S)    | source picture
    S_lm    | source       | (B, 74, 2)      | its landmarks, normalised here
    D_lm    | driver       | (B, 74, 2)      | where they go
    f_G     | flow         | (B, 2, s, s)    | global branch
    f̂_L, m  | local        | (B, 3, p, p)    | local branches, `_local`
    F       | grid         | (B, S, S, 2)    | eq. 3, `_merge`
    E       | warped       | (B, 3, S, S)    | eq. 1, `layers.grid.warp`
    R, M    | painted, mask| (B, 3 / 1, S, S)| `layers.refine`
    T       | image        | (B, 3, S, S)    | eq. 2, `compose`

Departures from the paper, each a switch of the config
    prior      F is a given grid (thin-plate) plus learned corrections; see `layers.motion_branch`
    widths     as small as a CPU needs (`fast`)
    window     m is faded out towards the edges of its patch, so that F has no seams
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
    warp,
)
from animate_cli.layers.motion_branch import FLOW_GAIN, BranchConfig, MotionBranch
from animate_cli.layers.refine import RefineConfig, RefineNetwork
from animate_cli.layers.regions import Region, region_about


@dataclass(frozen=True, kw_only=True)
class PartConfig:
    """One local branch: its landmarks, and its patch's side over their box's longer side."""

    landmarks: tuple[int, ...]
    margin: float


@dataclass(frozen=True, kw_only=True)
class SparseMotionConfig:
    """What weights were built with. patch: pixels of a local branch's square; field: at which
    side the branches' fields are merged."""

    parts: tuple[PartConfig, ...]
    face_size: int = 256
    landmarks: int = 74
    patch: int = 64
    field: int = 128
    prior: bool = True
    local_branches: bool = True
    whole: BranchConfig = dataclasses.field(
        default_factory=lambda: BranchConfig(fold=4, widths=(32, 64, 96, 128))
    )
    local: BranchConfig = dataclasses.field(default_factory=BranchConfig)
    refine: RefineConfig = dataclasses.field(default_factory=RefineConfig)


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoded:
    """A source as the networks remember it; B is 1 in use, the batch in training.

    landmarks (B, 74, 2) normalised; whole, parts: features of the branches' encoders.
    """

    face: Tensor
    landmarks: Tensor
    whole: list[Tensor]
    parts: tuple[list[Tensor], ...]

    def expand(self, count: int) -> Encoded:
        """The same source for `count` drivers."""
        return Encoded(
            face=self.face.expand(count, -1, -1, -1),
            landmarks=self.landmarks.expand(count, -1, -1),
            whole=[level.expand(count, -1, -1, -1) for level in self.whole],
            parts=tuple([x.expand(count, -1, -1, -1) for x in part] for part in self.parts),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """One step's results, letters as in the module's table."""

    image: Tensor
    grid: Tensor
    mask: Tensor
    warped: Tensor
    painted: Tensor


class SparseMotion(nn.Module):
    """Source face, landmarks of source and driver -> image, grid and mask."""

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
        parts = config.parts if config.local_branches else ()
        self.parts = nn.ModuleList(
            MotionBranch(
                config.local,
                points=len(part.landmarks),
                size=config.patch,
                outputs=3,
                has_prior=config.prior,
            )
            for part in parts
        )
        self.refine = RefineNetwork(config.refine)

    def forward(
        self, face: Tensor, source_px: Tensor, driver_px: Tensor, prior: Tensor | None
    ) -> Drawn:
        """face (B, 3, S, S), landmarks (B, 74, 2) in its pixels, prior grid (B, S, S, 2)."""
        return self.draw(self.encode(face, source_px), driver_px, prior)

    def encode(self, face: Tensor, source_px: Tensor) -> Encoded:
        """All that depends on the source alone."""
        source = points_to_normalised(source_px, *face.shape[-2:])
        parts = []
        for branch, part in self._branches():
            region = self._region(part, source)
            patch = region.cut(face, self.config.patch)
            parts.append(branch.encode(patch, region.into(source[:, part.landmarks])))
        return Encoded(
            face=face,
            landmarks=source,
            whole=self.whole.encode(face, source),
            parts=tuple(parts),
        )

    def draw(self, source: Encoded, driver_px: Tensor, prior: Tensor | None) -> Drawn:
        """Move an encoded source (B) to where its landmarks lie at driver_px (B, 74, 2)."""
        size = source.face.shape[-1]
        driver = points_to_normalised(driver_px, size, size)
        grid = self._grid(source, driver, prior)
        warped = warp(source.face, grid)  # eq. 1
        flow = grid - identity_grid(size, size, device=grid.device, dtype=grid.dtype)
        painted, mask = self.refine(warped, flow.permute(0, 3, 1, 2))
        return Drawn(
            image=compose(warped, painted, mask),
            grid=grid,
            mask=mask,
            warped=warped,
            painted=painted,
        )

    def _grid(self, source: Encoded, driver: Tensor, prior: Tensor | None) -> Tensor:
        """F of eq. 3: (B, S, S, 2). Branches are merged at `field` pixels, then enlarged."""
        size = source.face.shape[-1]
        side = min(size, self.config.field)
        drawn = self.whole.decode(source.whole, source.landmarks, driver, prior) / FLOW_GAIN
        flow = F.interpolate(drawn, (side, side), mode="bilinear", align_corners=False)  # f_G
        for (branch, part), features in zip(self._branches(), source.parts, strict=True):
            here = self._region(part, source.landmarks)
            there = self._region(part, driver)
            local = self._local(branch, part, features, source.landmarks, driver, prior)
            flow = _merge(flow, local, here, there, has_prior=prior is not None)
        flow = F.interpolate(flow, (size, size), mode="bilinear", align_corners=False)
        identity = identity_grid(size, size, device=driver.device, dtype=driver.dtype)
        base = identity if prior is None else prior
        return base + flow.permute(0, 2, 3, 1)

    def _local(
        self,
        branch: MotionBranch,
        part: PartConfig,
        features: list[Tensor],
        source: Tensor,
        driver: Tensor,
        prior: Tensor | None,
    ) -> Tensor:
        """A local branch's field in the region's own coordinates, and its mask: (B, 3, p, p)."""
        here, there = self._region(part, source), self._region(part, driver)
        own = None
        if prior is not None:
            cut = there.cut(prior.permute(0, 3, 1, 2), self.config.patch)
            own = here.into(cut.permute(0, 2, 3, 1))
        drawn = branch.decode(
            features,
            here.into(source[:, part.landmarks]),
            there.into(driver[:, part.landmarks]),
            own,
        )
        size = self.config.patch
        window = _window(size, drawn)
        return torch.cat((drawn[:, :2] / FLOW_GAIN, drawn[:, 2:].sigmoid() * window), dim=1)

    def _branches(self) -> list[tuple[MotionBranch, PartConfig]]:
        branches: list[MotionBranch] = list(self.parts)  # type: ignore[arg-type]
        return list(zip(branches, self.config.parts, strict=False))

    @staticmethod
    def _region(part: PartConfig, landmarks: Tensor) -> Region:
        return region_about(landmarks[:, part.landmarks], part.margin)


def compose(warped: Tensor, painted: Tensor, mask: Tensor) -> Tensor:
    """T = E ⊙ (1 − M) + R ⊙ M (eq. 2)."""
    return torch.lerp(warped, painted, mask)


def _merge(flow: Tensor, local: Tensor, here: Region, there: Region, *, has_prior: bool) -> Tensor:
    """Eq. 3 for one region: f_G (1 − m) + f̂ m in the region around the driver's part.

    flow (B, 2, s, s): what is added to the prior, or to the identity where there is none;
    local (B, 3, p, p): displacement in the source region's own coordinates, and m. f̂ is the
    displacement shifted and scaled into the whole face; without a prior it starts at the affine
    map from the driver's region to the source's.
    """
    side = flow.shape[-1]
    pixels = identity_grid(side, side, device=flow.device, dtype=flow.dtype)
    own = there.into(pixels.expand(len(flow), -1, -1, -1))  # (B, s, s, 2)
    read = warp(local, own)  # (B, 3, s, s); m is 0 beyond the patch
    moved = read[:, :2] * here.half.view(-1, 1, 1, 1)
    if not has_prior:
        moved = moved + (here.out(own) - pixels).permute(0, 3, 1, 2)
    return torch.lerp(flow, moved, read[:, 2:])


def _window(size: int, like: Tensor) -> Tensor:
    """1 in the middle of a patch, 0 on its edge, smooth between: (1, 1, p, p)."""
    ramp = torch.arange(size, device=like.device, dtype=like.dtype)
    near = (torch.minimum(ramp, size - 1 - ramp) / (size / 8)).clamp(0, 1)
    side = near * near * (3 - 2 * near)
    return (side[:, None] * side)[None, None]
