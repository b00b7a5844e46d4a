"""What the default model is trained for: the weights of its loss, and whose judgement they take."""

from __future__ import annotations

from dataclasses import dataclass

from animate_cli.faces.segmentation.matte import MATTE
from animate_cli.train.losses.perceptual import Features


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """λ of the parts. parts: how much more eyes and mouth weigh; teacher, folder: whose features
    L_per compares, and where its weights lie, from the data's root; scales: of its pyramid; view:
    it sees a random square of that share of the side.
    perceptual 0: no teacher is needed, and the score is L1's ratio alone. parser: of parsing, from
    the data's root, and of reposed portraits; maps: folder where its maps are kept, empty: with the
    trainings. Without a weight, no maps are made; gan 0: no critic is made.
    """

    l1: float = 10.0
    perceptual: float = 4.0
    warped: float = 2.0
    painted: float = 1.0
    regular: float = 1.0
    guided: float = 0.0
    mask: float = 0.2
    parsing: float = 0.0
    gan: float = 0.0
    parts: float = 3.0
    teacher: Features = Features.LPIPS
    folder: str = "teachers"
    scales: tuple[int, ...] = (1,)
    view: float = 1.0
    parser: str = "teachers/face_parse_bisenetv2_19.onnx"
    maps: str = ""
    matte: str = MATTE
