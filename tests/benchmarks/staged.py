"""Compose difficult scenes for tracking from real clips with known landmarks."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from animate_cli.faces.crop import points_box
from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.faces.tracking.track import track
from animate_cli.media.reader import open_driver
from animate_cli.options import FaceOptions, Lost, ReadOptions
from animate_cli.records import Frame, VideoInfo

RATE = Fraction(25)
WALL = (126, 118, 108)


@dataclass(frozen=True, kw_only=True, eq=False)
class Take:
    """A clip: pixels (T, H, W, 3) uint8 and true landmarks (T, 74, 2)."""

    pixels: np.ndarray
    landmarks: np.ndarray

    def __getitem__(self, part):
        return Take(pixels=self.pixels[part], landmarks=self.landmarks[part])


def take(data, name):
    """A clip of `val` in memory."""
    path = data / name
    with open_driver(path, ReadOptions(), threads=1) as reader:
        pixels = np.stack([frame.pixels for frame in reader])
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as labels:
        points = labels["landmarks"][:, MEDIAPIPE].astype(np.float32)
    count = min(len(pixels), len(points))
    return Take(pixels=pixels[:count], landmarks=points[:count])


def follow(pixels, network, face="largest"):
    """The trajectory of a stack of frames, not smoothed."""
    frames = [Frame(pixels=p, index=i, time_s=i / RATE) for i, p in enumerate(pixels)]
    info = VideoInfo(
        path=Path("staged.mp4"),
        width=pixels.shape[2],
        height=pixels.shape[1],
        rate=RATE,
        frames=len(frames),
        duration_s=len(frames) / RATE,
        codec="none",
    )
    options = FaceOptions(smooth=0.0, lost=Lost.HOLD, driver_face=face)
    return track(frames, info, network, options, sha256="", on_frame=lambda _index: None)


def errors(found, truth):
    """(T, 74): distances in shares of the take's usual distance between the outer eye corners.

    Of the take, not of the frame: in profile the corners coincide.
    """
    away = np.linalg.norm(found - truth, axis=-1)
    return away / np.quantile(interocular_px(truth), 0.9)


def moved(one, shifts_px):
    """The whole picture shifted right by `shifts_px` (T,) over a plain background."""
    pixels = np.empty_like(one.pixels)
    for index, (frame, shift) in enumerate(zip(one.pixels, shifts_px, strict=True)):
        matrix = np.float32([[1, 0, shift], [0, 1, 0]])
        size = frame.shape[1::-1]
        pixels[index] = cv2.warpAffine(frame, matrix, size, borderValue=WALL)
    right = np.stack((shifts_px, np.zeros_like(shifts_px)), axis=1)
    return Take(pixels=pixels, landmarks=one.landmarks + right[:, None].astype(np.float32))


def with_hand(one, cover):
    """A skin-coloured fist at height `cover` (T,): 0 below the picture, 1 over the mouth.

    -> the take, and which points it hides (T, 74)
    """
    pixels, hidden = one.pixels.copy(), np.zeros(one.landmarks.shape[:2], bool)
    for index, points in enumerate(one.landmarks):
        x0, _, x1, y1 = points_box(points)
        mouth = points[48:60].mean(axis=0)
        below = pixels.shape[1] + (y1 - mouth[1])
        at = np.array([mouth[0], below + cover[index] * (mouth[1] - below)])
        axes = np.array([0.34, 0.26]) * (x1 - x0)
        skin = np.median(one.pixels[index][int(points[30, 1]), int(x0) + 8 : int(x1) - 8], axis=0)
        paint_fist(pixels[index], at, axes, skin)
        hidden[index] = (((points - at) / axes) ** 2).sum(axis=1) < 1
    return Take(pixels=pixels, landmarks=one.landmarks), hidden


def paint_fist(frame, at, axes, skin):
    """An ellipse of skin with three darker gaps between the fingers, in place."""
    dark = tuple(float(c) * 0.62 for c in skin)
    light = tuple(float(c) * 0.95 for c in skin)
    center = (round(at[0]), round(at[1]))
    sizes = (round(axes[0]), round(axes[1]))
    cv2.ellipse(frame, center, sizes, 0, 0, 360, light, -1, cv2.LINE_AA)
    for finger in (-0.5, 0.0, 0.5):
        x = round(at[0] + finger * axes[0])
        top = (x, round(at[1] - 0.75 * axes[1]))
        cv2.line(frame, top, (x, round(at[1] + 0.3 * axes[1])), dark, 2, cv2.LINE_AA)


def cut_out(frame):
    """Opacity (H, W) of a person before a blue or green screen, which fills the upper corners."""
    red, green, blue = (frame[..., i].astype(np.float32) for i in range(3))
    screen = np.maximum(np.minimum(green, blue) - red, 0)
    level = np.median(np.concatenate((screen[:40, :30], screen[:40, -30:])))
    matte = np.clip((0.75 * level - screen) / (0.35 * level), 0, 1)
    return cv2.erode(cv2.GaussianBlur(matte, (0, 0), 1.2), np.ones((3, 3), np.uint8))


def crossing(front, back, width, x_front, x_back):
    """Two people before a wall, one passing in front of the other; x_* (T,) left edges in pixels.

    -> pixels (T, H, width, 3), truth of the front one, truth of the back one
    """
    count, height = len(x_front), front.pixels.shape[1]
    pixels = np.empty((count, height, width, 3), np.uint8)
    for index in range(count):
        scene = wall(height, width)
        for person, x in ((back, x_back[index]), (front, x_front[index])):
            _paste(scene, person.pixels[index], x)
        pixels[index] = np.clip(scene, 0, 255)
    return pixels, *(
        person.landmarks[:count] + np.stack((x, 0 * x), axis=1)[:, None].astype(np.float32)
        for person, x in ((front, x_front), (back, x_back))
    )


def wall(height, width):
    """A wall with a soft gradient and some texture: (height, width, 3) float."""
    y, x = np.mgrid[:height, :width]
    light = 12 * np.sin(x / 90) + 8 * np.cos(y / 60) + 3 * np.sin(x / 3) * np.sin(y / 4)
    return np.array(WALL, np.float32) + light[..., None].astype(np.float32)


def _paste(scene, frame, x):
    height, width = scene.shape[:2]
    matrix = np.float32([[1, 0, x], [0, 1, 0]])
    alpha = cv2.warpAffine(cut_out(frame), matrix, (width, height))[..., None]
    person = cv2.warpAffine(frame, matrix, (width, height)).astype(np.float32)
    scene += alpha * (person - scene)
