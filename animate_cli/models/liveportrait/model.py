"""LivePortrait: implicit key points in space move a volume of features; published weights.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*. The networks are in `models.liveportrait`; detector, landmarks and crops are this
project's own. Its motion is section 3.4's, with amounts:

    R = (R_d R_aᵀ)ʷ R_s     δ = δ_s + A (δ_d − δ_a)     s = s_s (s_d / s_a)ʷ
    t = t_s + w (t_d − t_a)     x_d = s (x_c R + δ) + t

s, d: source, driver; a: the anchor frame, in absolute motion the source itself; w: amount of the
pose; A: amount of each key point. The key points of the eyes move lids and gaze together: they
follow the amount of the gaze, and the eyes' retargeting network adds the difference to the amount
of the lids. Lips follow their amount up to 1; the lips' retargeting network adds what exceeds 1.

    driver code   (B, 135), a `FaceCode`; after `retarget` the points x_d (B, 21, 3)

Departures from the paper: the amounts; openness of eyes and lips is read off the 74 landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.faces.retargeting.pose_transfer import power
from animate_cli.layers.grid import identity_grid, resize_grid
from animate_cli.layers.inference.half_precision import SafeHalfPrecision, frames_at_once
from animate_cli.layers.weight_io import digest
from animate_cli.models.base import ALONE, FrameEncoder
from animate_cli.models.liveportrait.checkpoint import LivePortraitNetworks, load_networks
from animate_cli.models.liveportrait.eye_lip_ratio import EYES, MOUTH, openness
from animate_cli.models.liveportrait.keypoints import FaceCode, FaceMotion
from animate_cli.models.liveportrait.motion_extractor import POINTS
from animate_cli.models.liveportrait.stitching_retargeting import retarget_openness
from animate_cli.models.liveportrait.warping import Warped, flat_flow
from animate_cli.options import Amounts, Motion, MotionOptions, Stitching
from animate_cli.records import OpenEdges, Rendered

WEIGHTS = "liveportrait"
FACE_SIZE = 512  # of the square that is rendered
READ_SIZE = 256  # of the square that the networks read
EYE_POINTS = (11, 13, 15, 16, 18)  # as the published code counts them
LIP_POINTS = (6, 12, 14, 17, 19, 20)
_FRAME_BYTES = 2 << 30
_MOST_FRAMES = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class LivePortraitSource:
    """The encoded portrait: volume f_s (1, 32, 16, 64, 64), its code, points x_s (1, 21, 3)."""

    volume: Tensor
    code: FaceCode
    points: Tensor


class LivePortrait:
    """The `FaceModel` of the published weights."""

    face_size: int = FACE_SIZE
    gmac_per_frame: float = 450.0
    encoder_id: str

    def __init__(self, networks: LivePortraitNetworks, *, device: torch.device | str) -> None:
        self.encoder_id = f"liveportrait {digest(networks.motion)}"
        self._networks = networks.fuse_for_inference(device)
        self._half = SafeHalfPrecision(device, name="liveportrait")
        self._batch = frames_at_once(device, bytes_per_frame=_FRAME_BYTES, most=_MOST_FRAMES)

    def frame_encoder(self) -> FrameEncoder:
        """This model reads the driver's frames."""
        return self

    def encode_source(
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> LivePortraitSource:
        """face (1, 3, 512, 512) in [0, 1], landmarks (1, 74, 2) in face pixels; open edges are not
        used."""
        del open_edges
        small = _small(face)
        code = FaceCode.read(self._networks.motion(small), openness(landmarks))
        return LivePortraitSource(
            volume=self._networks.appearance(small),
            code=code,
            points=code.motion.points(code.canonical),
        )

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """faces (B, 3, 512, 512) in [0, 1], landmarks (B, 74, 2) in face pixels -> (B, 135)."""
        if faces is None:
            raise ValueError("liveportrait reads frames")
        return FaceCode.read(self._networks.motion(_small(faces)), openness(landmarks)).pack()

    def reframe(self, codes: Tensor, ratio: Tensor, shift: Tensor) -> Tensor:
        """Codes (B, 135) of another square, whose u' = ratio (B, 1) u + shift (B, 2)."""
        return FaceCode.unpack(codes).reframed(ratio, shift).pack()

    def retarget(
        self, source: LivePortraitSource, driver: Tensor, anchor: Tensor, options: MotionOptions
    ) -> Tensor:
        """Codes (B, 135) of the driver and (1, 135) of the anchor -> x_d (B, 21, 3)."""
        driver_code, start, source_code = (
            FaceCode.unpack(driver),
            FaceCode.unpack(anchor),
            source.code,
        )
        canonical = torch.lerp(source_code.canonical, start.canonical, options.identity)
        anchor_code = start if options.motion is Motion.RELATIVE else source_code
        points = transfer(source_code, driver_code, anchor_code, options.amounts).points(canonical)
        points = points + self._retargeting(
            source, driver_code.openness - anchor_code.openness, options.amounts
        )
        if options.stitching is Stitching.OFF:
            return points
        return self._networks.stitching.correct(source.points, points)

    def _retargeting(self, source: LivePortraitSource, change: Tensor, amounts: Amounts) -> Tensor:
        """The retargeting networks' Δ where key points alone do not reach the amounts asked for.

        change (B, 3) of the driver's openness -> (B, 21, 3)
        """
        delta = source.points.new_zeros(len(change), POINTS, 3)
        amounts_left = (
            (self._networks.eyes, EYES, amounts.eyes - amounts.gaze),
            (self._networks.lips, MOUTH, max(amounts.lips - 1, 0.0)),
        )
        for network, which, amount in amounts_left:
            if amount:
                now = source.code.openness[:, which]
                wanted = (now + amount * change[:, which]).mean(dim=1, keepdim=True)
                delta = delta + retarget_openness(network, source.points, now, wanted.clamp_min(0))
        return delta

    def render(
        self, source: LivePortraitSource, drivers: Tensor, state: None = None
    ) -> tuple[Rendered, None]:
        """The source with its key points at `drivers` (B, 21, 3)."""
        del state
        batches = [self._render(source, points) for points in torch.split(drivers, self._batch)]
        faces, grids, masks = (torch.cat(column) for column in zip(*batches, strict=True))
        return Rendered(face=faces, grid=grids, refine_mask=masks), None

    def _render(self, source: LivePortraitSource, drivers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """-> face (B, 3, 512, 512), grid (B, 512, 512, 2), refine mask (B, 1, 512, 512)."""

        def generate() -> tuple[Tensor, Warped]:
            warped = self._networks.warping(source.volume, source.points, drivers)
            return self._networks.generator(warped.out), warped

        face, warped = self._half(generate, lambda output: output[0])
        flow = flat_flow(warped)
        grid = identity_grid(*flow.shape[1:3], device=flow.device) + flow
        disoccluded = F.interpolate(1 - warped.occlusion.float(), FACE_SIZE, mode="bilinear")
        return face.float().clamp(0, 1), resize_grid(grid, FACE_SIZE, FACE_SIZE), disoccluded


def create_model(*, device: torch.device | str, weights: str | None = None) -> LivePortrait:
    """The model, for `models.find`.

    weights: a registered name, or a folder with the published files.

    Raises:
        WeightsError: missing, damaged, or of another network.
    """
    return LivePortrait(load_networks(weights or WEIGHTS), device=device)


def transfer(
    source_code: FaceCode, driver_code: FaceCode, anchor_code: FaceCode, amounts: Amounts
) -> FaceMotion:
    """The motion of the module's docstring, of codes of 1 source, B driver, 1 anchor frames."""
    source, driver, start = source_code.motion, driver_code.motion, anchor_code.motion
    pose = source.scale.new_tensor(amounts.pose)
    turn = power(driver.rotation @ start.rotation.mT, pose)
    change = _amount_of_points(amounts, source.scale) * (driver.expression - start.expression)
    return FaceMotion(
        rotation=turn @ source.rotation,
        expression=source.expression + change,
        scale=source.scale * (driver.scale / start.scale).clamp_min(1e-3) ** pose,
        place=source.place + pose * (driver.place - start.place),
    )


def _amount_of_points(amounts: Amounts, like: Tensor) -> Tensor:
    """A of the module's docstring: (21, 1)."""
    shares = like.new_full((POINTS, 1), amounts.expression)
    shares[list(EYE_POINTS)] = amounts.gaze
    shares[list(LIP_POINTS)] = min(amounts.lips, 1.0)
    return shares


def _small(faces: Tensor) -> Tensor:
    """(B, 3, 512, 512) -> (B, 3, 256, 256)"""
    return F.avg_pool2d(faces, FACE_SIZE // READ_SIZE)
