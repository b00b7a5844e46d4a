"""Render the ICT head with hair and shoulders, under diffuse light, antialiased.

The renderer uses numpy alone. It aims at exact landmarks, not at realism. A 512-pixel picture takes
about a second on one core.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Image
from animate_cli.train.synthetic import head_texture
from animate_cli.train.synthetic.head_texture import Floats, SkinColours, smoothstep
from animate_cli.train.synthetic.ict_head import (
    Camera,
    IctHead,
    IctPose,
    Vertices,
    landmarks,
    pose,
    project,
    shape,
)
from animate_cli.train.synthetic.rasterise import RasterHit, normals, rasterise

SKIN = ("M_Face", "M_BackHead")
BALLS = ("M_ScleraRight", "M_ScleraLeft")
MOUTH = ("M_Teeth", "M_GumsTongue")
TEETH: head_texture.Colour = (0.68, 0.60, 0.48)
GUMS: head_texture.Colour = (0.36, 0.11, 0.10)

KEY, KEY_LIGHT = (-0.45, 0.50, 0.74), (1.30, 1.22, 1.12)
FILL, FILL_LIGHT = (0.75, 0.05, 0.66), (0.36, 0.40, 0.46)
SKY, GROUND = (0.36, 0.37, 0.40), (0.20, 0.17, 0.15)
WRAP = (0.34, 0.20, 0.16)  # wrap lighting: how far light reaches past the terminator, R, G, B


class HeadRenderer:
    """Renders one person in any expression and pose.

    identity (I,): weights; oversample: pictures are rendered this many times larger, then averaged.
    """

    def __init__(
        self,
        head: IctHead,
        identity: NDArray[np.float32],
        colours: SkinColours | None = None,
        *,
        oversample: int = 2,
    ) -> None:
        self.head = head
        self.identity = identity
        self.colours = colours or SkinColours()
        self.oversample = oversample
        drawn = [head.material_names.index(name) for name in (*SKIN, *BALLS, *MOUTH)]
        kept = np.isin(head.material, drawn)
        self.triangles = head.triangles[kept]
        self.material = head.material[kept]
        self._offsets = self._hair_and_cloth_offsets()
        resting = head.neutral + self._offsets
        self._exposure = _ambient_occlusion(resting, self._triangles_of(*SKIN), len(head.neutral))

    def draw(self, expression: NDArray[np.float32], head_pose: IctPose, camera: Camera) -> Image:
        """The picture (size, size, 3) uint8 RGB of an expression (E,) in a pose."""
        size = camera.size * self.oversample
        large = _oversampled(camera, self.oversample)
        unposed = shape(self.head, self.identity, expression)
        posed = pose(self.head, unposed + self._offsets, head_pose)
        xy, depth = project(posed, large)
        seen = rasterise(xy, depth, self.triangles, size)
        looking = pose(
            self.head,
            unposed,
            IctPose(gaze_yaw_deg=head_pose.gaze_yaw_deg, gaze_pitch_deg=head_pose.gaze_pitch_deg),
        )
        picture = _background(size, self.colours).reshape(-1, 3)
        picture[seen.pixel] = self._shade(seen, posed, self._albedo(seen, unposed, looking))
        return _to_srgb(picture.reshape(size, size, 3), camera.size)

    def points(
        self, expression: NDArray[np.float32], head_pose: IctPose, camera: Camera
    ) -> NDArray[np.float32]:
        """The 74 landmarks of the picture that `draw` returns, in its pixels: (74, 2)."""
        unposed = shape(self.head, self.identity, expression)
        return project(landmarks(self.head, unposed, head_pose), camera).xy

    def _hair_and_cloth_offsets(self) -> Vertices:
        """Offsets (V, 3) of the resting vertices that add the volume of hair and clothes."""
        rest = self.head.neutral
        on_skin = np.zeros(len(rest), bool)
        on_skin[np.unique(self._triangles_of(*SKIN))] = True
        height = head_texture.hair(rest)
        thick = 0.75 * smoothstep(height, 0.0, 1.6) + 0.7 * smoothstep(rest[:, 1], 7.5, 13.5)
        thick *= smoothstep(height, 0.0, 0.8) * on_skin
        out = normals(rest, self._triangles_of(*SKIN))
        lift = out * thick[:, None]
        broad = smoothstep(rest[:, 1], -11.5, -17.0) * on_skin
        lift[:, 0] += 0.75 * broad * rest[:, 0]
        return np.asarray(lift, np.float32)

    def _triangles_of(self, *names: str) -> NDArray[np.int64]:
        wanted = [self.head.material_names.index(name) for name in names]
        return self.head.triangles[np.isin(self.head.material, wanted)]

    def _has_material(self, seen: RasterHit, *names: str) -> NDArray[np.bool_]:
        wanted = [self.head.material_names.index(name) for name in names]
        return np.isin(self.material[seen.triangle], wanted)

    def _albedo(self, seen: RasterHit, unposed: Floats, looking: Floats) -> Floats:
        """The colour of every visible point, darkened by ambient occlusion: (P, 3)."""
        rest = seen.interpolate(self.head.neutral, self.triangles)
        colour = np.zeros_like(rest)
        skin = self._has_material(seen, *SKIN)
        rims = self.head.neutral[self.head.landmarks[:68]]
        colour[skin] = head_texture.skin(rest[skin], rims, self.colours)
        colour[skin] *= seen.interpolate(self._exposure[:, None], self.triangles)[skin]
        for name, eye, lid in zip(BALLS, self.head.eyes, (68, 70), strict=True):
            ball = self._has_material(seen, name)
            colour[ball] = head_texture.eyeball(rest[ball], eye, self.colours)
            y = seen.interpolate(looking[:, 1:2], self.triangles)[ball]
            below_lid = unposed[self.head.landmarks[lid], 1] - y[:, 0]
            colour[ball] *= 0.35 + 0.65 * smoothstep(below_lid, -0.05, 0.40)[:, None]
        for name, tone, back in zip(MOUTH, (TEETH, GUMS), (9.2, 8.0), strict=True):
            part = self._has_material(seen, name)
            dark = 0.04 + 0.76 * smoothstep(rest[part, 2], back, 10.7)
            colour[part] = np.asarray(tone) * dark[:, None]
        return colour

    def _shade(self, seen: RasterHit, posed: Floats, colour: Floats) -> Floats:
        """Light by two lamps, sky and ground, with highlights: colour (P, 3) -> linear (P, 3)."""
        normal = seen.interpolate(normals(posed, self.triangles), self.triangles)
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        up = 0.5 + 0.5 * normal[:, 1:2]
        light = np.asarray(GROUND) + up * (np.asarray(SKY) - np.asarray(GROUND))
        wrap = np.asarray(WRAP)
        for direction, lamp in ((KEY, KEY_LIGHT), (FILL, FILL_LIGHT)):
            facing = (normal @ _unit(direction))[:, None]
            light = light + np.clip((facing + wrap) / (1 + wrap), 0, None) ** 1.3 * lamp
        ball = self._has_material(seen, *BALLS)
        half = normal @ _unit(np.asarray(KEY) + np.asarray((0, 0, 1)))
        gloss = (
            0.10
            * np.clip(half, 0, 1) ** 18
            * self._has_material(seen, *SKIN)
            * np.minimum(1, 1.7 * colour[:, 0])
        )
        gloss += (
            0.12 * np.clip(half, 0, 1) ** 30 * self._has_material(seen, "M_Teeth") * colour[:, 0]
        )
        gloss += 1.6 * np.clip(half, 0, 1) ** 400 * ball
        lit: Floats = colour * light + gloss[:, None]
        return lit


def _ambient_occlusion(vertices: Floats, triangles: NDArray[np.int64], count: int) -> Floats:
    """Ambient occlusion of each resting vertex (V,): 0.12 where all is hidden, 1 where none is."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(28, 3)).astype(np.float32)
    directions[:, 2] = np.abs(directions[:, 2]) * np.where(np.arange(28) % 4 == 0, -1, 1)
    out = normals(vertices, triangles)
    seen, possible = np.zeros(count), np.full(count, 1e-6)
    size = 224
    for direction in directions:
        ahead = _unit(direction)
        right = _unit(np.cross((0.1, 1.0, 0.2), ahead))
        view = vertices @ np.stack((right, np.cross(ahead, right), ahead), axis=1)
        xy = (size - 1) / 2 + view[:, :2] * (size / 56)
        hit = rasterise(xy, -view[:, 2], triangles, size)
        nearest = np.full(size * size, 1e9, np.float32)
        nearest[hit.pixel] = hit.interpolate(-view[:, 2:], triangles)[:, 0]
        column, row = np.clip(np.rint(xy), 0, size - 1).astype(np.int64).T
        weight = np.clip(out @ ahead, 0, 1)
        possible += weight
        seen += weight * (-view[:, 2] < nearest[row * size + column] + 0.35)
    share = np.where(possible > 1e-3, seen / possible, 1.0)
    return (0.12 + 0.88 * share).astype(np.float32)


def _unit(vector: object) -> Floats:
    array = np.asarray(vector, np.float32)
    unit: Floats = array / np.linalg.norm(array)
    return unit


def _oversampled(camera: Camera, times: int) -> Camera:
    return Camera(
        size=camera.size * times,
        focal_px=camera.focal_px * times,
        distance=camera.distance,
        target=camera.target,
    )


def _background(size: int, colours: SkinColours) -> Floats:
    """A wall, brighter near the upper left: (size, size, 3)."""
    line = np.linspace(-1, 1, size, dtype=np.float32)
    pool = np.exp(-((line[None] + 0.25) ** 2 + (line[:, None] + 0.3) ** 2) / 1.6)
    wall: Floats = np.asarray(colours.background) * (0.35 + 0.75 * pool[..., None])
    return wall


def _to_srgb(linear: Floats, size: int) -> Image:
    """Linear light, averaged down to `size` pixels per side, as 8-bit RGB with gamma 2.2."""
    small = cv2.resize(linear, (size, size), interpolation=cv2.INTER_AREA)
    curve = 255 * np.clip(small, 0, 1) ** (1 / 2.2)
    return np.asarray(np.rint(curve), np.uint8)
