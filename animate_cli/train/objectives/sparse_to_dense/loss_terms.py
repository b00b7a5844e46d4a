"""The default model's loss: its terms, their weights, and the sum.

Zhao et al. 2021, section 3.4, and our own terms:

    L_total = L_per + L_1 + L_gan + L_par                        (8), a weight before each
              + λ_r |w ⊙ (E − D)| + λ_o |w ⊙ (R − D)|            ours
              + λ_g |F − P| + λ_f |w ⊙ (F − G)| + λ_m mean(M)    ours

    symbol  | term       | equation or purpose
    L_1     | l1         | (8): |w ⊙ (T − D)|
    L_per   | perceptual | (4): `train.losses.perceptual`
    L_gan   | gan        | (6), the generator's part: `train.losses.losses.gan_generator`
    L_par   | parsing    | (7): `train.losses.losses.part_mismatch`
    λ_r     | warped     | ours: L1 of the warp E, so that painting does not replace motion
    λ_o     | painted    | ours: L1 of the painted R; without it M goes to 0 before R has learned
    λ_g     | regular    | ours: distance of the grid F from the prior P
    λ_f     | guided     | ours: distance of F from G, the optical flow's grid (`flow_guide`)
    λ_m     | mask       | ours: penalty of painting, which loses the photo's detail

T, E, R, F, M are `models.sparse_to_dense.records.SparseMotionOutput`; D is the driver's frame; w is
1, and more about eyes and mouth (`LossWeights.parts`).

Departures from the paper: the weights, and our own terms; eq. 8 alone is the recipe
`sparse_to_dense_paper`. The refine loss of Yi et al. 2020, eq. 9, |Oʷ − Oʳ| of the warp and the
refined picture, is not used: `warped` compares the warp with the driver's frame.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from torch import Tensor

from animate_cli.faces.segmentation.matte import MATTE
from animate_cli.train.losses.perceptual import Features


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """A recipe's table [loss]: a weight for each of `LossTerms`, and how terms are computed.

    parts: w is 1 + parts about eyes and mouth; teacher, folder: the network whose features L_per
    compares, and where its weights lie, from the data's root; scales: of its pyramid; view: it sees
    a random square of that share of the side. perceptual 0: no teacher is needed, and the score is
    L1's ratio alone. parser: of parsing, from the data's root, and of reposed portraits; maps:
    folder that keeps its maps, empty: with the trainings. parsing 0: no maps are made; gan 0: no
    critic is. matte: weights of the matte network, for layered networks.
    """

    l1: float = 10.0
    perceptual: float = 4.0
    gan: float = 0.0
    parsing: float = 0.0
    warped: float = 2.0
    painted: float = 1.0
    regular: float = 1.0
    guided: float = 0.0
    mask: float = 0.2
    parts: float = 3.0
    teacher: Features = Features.LPIPS
    folder: str = "teachers"
    scales: tuple[int, ...] = (1,)
    view: float = 1.0
    parser: str = "teachers/face_parse_bisenetv2_19.onnx"
    maps: str = ""
    matte: str = MATTE


@dataclass(frozen=True, kw_only=True, eq=False)
class LossTerms:
    """The terms of one batch: scalars with their graphs; a term of weight 0 may be 0."""

    l1: Tensor
    perceptual: Tensor
    gan: Tensor
    parsing: Tensor
    warped: Tensor
    painted: Tensor
    regular: Tensor
    guided: Tensor
    mask: Tensor

    def total(self, weight: LossWeights) -> Tensor:
        """L_total of the module's docstring."""
        eq_8 = (
            weight.perceptual * self.perceptual
            + weight.l1 * self.l1
            + weight.gan * self.gan
            + weight.parsing * self.parsing
        )
        ours = (
            weight.warped * self.warped
            + weight.painted * self.painted
            + weight.regular * self.regular
            + weight.guided * self.guided
            + weight.mask * self.mask
        )
        return eq_8 + ours

    def figures(self) -> dict[str, float]:
        """The terms without their weights, for the log."""
        return {term.name: getattr(self, term.name).item() for term in fields(self)}
