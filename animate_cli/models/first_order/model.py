"""The first-order model: learned key points, each of which moves the picture around it.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, with published checkpoints
(vox-cpk, vox-adv-cpk). The networks and their equations are in `models.first_order`. No address on
the Hub can be pinned for them, so the user gives the file (`weights`).

    driver code   (B, 60): 10 points (x, y), then their 2 x 2 jacobians, normalised

The key points have no anatomy: eyes, lips and pose cannot be told apart, and one amount holds for
the whole motion.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli import hub
from animate_cli.errors import OptionError
from animate_cli.layers.grid import corner_grid, identity_grid, resize_grid
from animate_cli.layers.inference.half_precision import SafeHalfPrecision, frames_at_once
from animate_cli.layers.inference.prepare import fuse_for_inference, use_fast_convs
from animate_cli.layers.weight_io import digest, load_strictly
from animate_cli.models.base import ALONE, FrameEncoder
from animate_cli.models.first_order.generator import Generator, SourceFeatures
from animate_cli.models.first_order.keypoint_detector import POINTS, KeyPointDetector, KeyPoints
from animate_cli.models.first_order.relative_motion import relative_keypoints, spread, toward
from animate_cli.options import Motion, MotionOptions
from animate_cli.records import OpenEdges, Rendered

FACE_SIZE = 256
_FRAME_BYTES = 400 << 20
_MOST_FRAMES = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstOrderSource:
    """The encoded portrait: its features, and its key points."""

    features: SourceFeatures
    points: KeyPoints


class FirstOrder:
    """The `FaceModel` of Siarohin et al. 2019."""

    face_size: int = FACE_SIZE
    gmac_per_frame: float = 45.0
    encoder_id: str

    def __init__(
        self,
        detector: KeyPointDetector,
        generator: Generator,
        *,
        device: torch.device | str = "cpu",
    ) -> None:
        self.encoder_id = f"first_order {digest(detector)}"
        self._detector = fuse_for_inference(detector).to(device)
        self._generator = fuse_for_inference(generator).to(device)
        if torch.device(device).type == "cpu":
            use_fast_convs(self._generator)
        self._half = SafeHalfPrecision(device, name="first_order")
        self._batch = frames_at_once(device, bytes_per_frame=_FRAME_BYTES, most=_MOST_FRAMES)

    def frame_encoder(self) -> FrameEncoder:
        """This model reads the driver's frames."""
        return self

    def encode_source(
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> FirstOrderSource:
        """face (1, 3, 256, 256) in [0, 1]; landmarks and open edges are not used."""
        del landmarks, open_edges
        return FirstOrderSource(
            features=self._generator.encode(face),
            points=self._detector(face),
        )

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """faces (B, 3, 256, 256) in [0, 1] -> (B, 60)."""
        del landmarks
        if faces is None:
            raise ValueError("first_order reads frames")
        return _to_code(self._detector(faces))

    def reframe(self, codes: Tensor, ratio: Tensor, shift: Tensor) -> Tensor:
        """Codes (B, 60) of another square, whose u' = ratio (B, 1) u + shift (B, 2)."""
        points = _to_points(codes)
        return _to_code(
            KeyPoints(
                value=ratio[..., None] * points.value + shift[:, None],
                jacobian=ratio[..., None, None] * points.jacobian,
            )
        )

    def retarget(
        self, source: FirstOrderSource, driver: Tensor, anchor: Tensor, options: MotionOptions
    ) -> Tensor:
        """Codes (B, 60) of the driver and (1, 60) of the anchor -> the points (B, 60).

        Raises:
            OptionError: amounts differ between parts of the motion, or --identity is asked for.
        """
        amount = _one_amount(options)
        at_rest, moved = source.points, _to_points(driver)
        if options.motion is Motion.RELATIVE:
            start = _to_points(anchor)
            scale = spread(at_rest.value[0]) / max(spread(start.value[0]), 1e-6)
            moved = relative_keypoints(at_rest, moved, start, scale=scale)
        return _to_code(toward(at_rest, moved, amount))

    def render(
        self, source: FirstOrderSource, drivers: Tensor, state: None = None
    ) -> tuple[Rendered, None]:
        """The source with its key points at `drivers` (B, 60)."""
        del state
        batches = [self._render(source, codes) for codes in torch.split(drivers, self._batch)]
        faces, grids, masks = (torch.cat(column) for column in zip(*batches, strict=True))
        return Rendered(face=faces, grid=grids, refine_mask=masks), None

    def _render(self, source: FirstOrderSource, drivers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> face (B, 3, 256, 256), grid (B, 256, 256, 2), refine mask (B, 1, 256, 256)."""
        face, motion = self._half(
            lambda: self._generator(source.features, source.points, _to_points(drivers)),
            lambda output: output[0],
        )
        small = motion.deformation.shape[1]
        flow = motion.deformation - corner_grid(small, small, device=face.device)
        grid = identity_grid(small, small, device=face.device) + flow
        disoccluded = F.interpolate(1 - motion.occlusion.float(), FACE_SIZE, mode="bilinear")
        return (
            face.float().clamp(0, 1),
            resize_grid(grid.float(), FACE_SIZE, FACE_SIZE),
            disoccluded,
        )


def create_model(*, device: torch.device | str, weights: str | None = None) -> FirstOrder:
    """The model, for `models.find`. weights: a published checkpoint, vox-cpk.pth.tar or the like.

    Raises:
        OptionError: no weights were given.
        WeightsError: missing, damaged, or of another network.
    """
    if weights is None:
        hint = "download vox-cpk.pth.tar from its authors and give it as --weights FILE"
        raise OptionError("first_order has no weights of its own", hint=hint)
    detector, generator = KeyPointDetector(), Generator()
    where = f"weights {weights}"
    load_strictly(detector, hub.load_published(weights, under="kp_detector"), where=where)
    load_strictly(generator, hub.load_published(weights, under="generator"), where=where)
    return FirstOrder(detector, generator, device=device)


def _to_code(points: KeyPoints) -> Tensor:
    """Points and jacobians, flattened: (B, 60)."""
    return torch.cat((points.value.flatten(1), points.jacobian.flatten(1)), dim=1)


def _to_points(code: Tensor) -> KeyPoints:
    """The inverse of `_to_code`."""
    value, jacobian = torch.split(code, [2 * POINTS, 4 * POINTS], dim=1)
    return KeyPoints(value=value.view(-1, POINTS, 2), jacobian=jacobian.view(-1, POINTS, 2, 2))


def _one_amount(options: MotionOptions) -> float:
    amounts = set(astuple(replace(options.amounts, body=options.amounts.pose)))
    if len(amounts) > 1:
        message = "first_order moves a face as a whole: it has no eyes, lips or pose of their own"
        raise OptionError(message, hint="use --strength, or another model")
    if options.identity:
        message = "first_order cannot take on the driver's head"
        raise OptionError(message, hint="leave --identity out, or choose another model")
    return float(amounts.pop())
