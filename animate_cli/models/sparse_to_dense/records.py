"""The records that the network takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from animate_cli.models.sparse_to_dense.background import BackgroundLayers


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedSource:
    """All that depends on the source alone; B is 1 in use, the batch size in training.

    face (B, 3, S, S) in [0, 1]; landmarks (B, 74, 2) normalised, landmarks_px in face pixels;
    whole, parts: features of the global and the local branches' encoders; background: of a layered
    network; correction_weight (1, S, S, 2): share of the learned correction that is used, None: 1
    everywhere.
    """

    face: Tensor
    landmarks: Tensor
    landmarks_px: Tensor
    whole: list[Tensor]
    parts: tuple[list[Tensor], ...]
    background: BackgroundLayers | None = None
    correction_weight: Tensor | None = None

    def expand(self, count: int) -> EncodedSource:
        """The same source for `count` drivers."""
        return EncodedSource(
            face=self.face.expand(count, -1, -1, -1),
            landmarks=self.landmarks.expand(count, -1, -1),
            landmarks_px=self.landmarks_px.expand(count, -1, -1),
            whole=[level.expand(count, -1, -1, -1) for level in self.whole],
            parts=tuple([x.expand(count, -1, -1, -1) for x in part] for part in self.parts),
            background=None if self.background is None else self.background.expand(count),
            correction_weight=self.correction_weight,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SparseMotionOutput:
    """One step's results, letters as in the table of `network`.

    image T, warped E, painted R (B, 3, S, S), where T and R may leave [0, 1] a little; grid F
    (B, S, S, 2); mask M (B, 1, S, S); share, disoccluded (B, 1, S, S): of a layered network, the
    person's share of each pixel and the background that the person uncovers, else None.
    """

    image: Tensor
    grid: Tensor
    mask: Tensor
    warped: Tensor
    painted: Tensor
    share: Tensor | None = None
    disoccluded: Tensor | None = None
