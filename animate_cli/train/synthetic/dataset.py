"""Pictures of the ICT head with exact landmarks, rendered once into a folder and read from there.

Picture n depends on n alone, so more pictures can be added later and an interrupted run can be
continued. A picture takes about a third of a second on one core, a new person a second more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.data.pictures import read_picture
from animate_cli.records import Image, Points
from animate_cli.train.samples.samples import JPEG_QUALITY, Sample, encode_jpeg
from animate_cli.train.saving import saving
from animate_cli.train.synthetic.head_texture import Colour, SkinColours
from animate_cli.train.synthetic.ict_head import Camera, IctHead, IctPose, load
from animate_cli.train.synthetic.render import HeadRenderer

PER_PERSON = 16
SKINS: tuple[Colour, ...] = (
    (0.72, 0.49, 0.39),
    (0.66, 0.40, 0.30),
    (0.52, 0.31, 0.21),
    (0.36, 0.20, 0.13),
    (0.20, 0.11, 0.07),
)
Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class RenderedView:
    """The distribution of camera, head pose, gaze and expression in the pictures.

    size: pixels of the picture's side. focal: range of the focal length in sides of the picture.
    turn_deg: standard deviation of the yaw; pitch has 0.48 of it, roll 0.32. gaze_deg: largest yaw
    and pitch of the gaze. often: probability that the lids or the jaw move; rarely: that any other
    expression does.
    """

    size: int
    focal: tuple[float, float]
    turn_deg: float
    gaze_deg: tuple[float, float]
    often: float
    rarely: float


VIEWS = {
    "head": RenderedView(
        size=192, focal=(2.6, 3.2), turn_deg=25, gaze_deg=(25, 15), often=0.45, rarely=0.12
    ),
    "face": RenderedView(
        size=256, focal=(4.4, 5.6), turn_deg=16, gaze_deg=(38, 22), often=0.6, rarely=0.2
    ),
}
"""head: the whole head, expressions mostly small; face: a close-up with larger gazes and more
expressions."""


def read_rendered(root: Path, *, model: Path, count: int, view: str = "head") -> Iterator[Sample]:
    """The first `count` pictures in `root`; missing ones are rendered first.

    model: the ICT head's .npz.

    view: a key of `VIEWS`.

    Raises:
        InputError: pictures are missing and the model cannot be read.
        TrainError: the disk is full, or a picture is damaged.
    """
    render_missing(root, model=model, count=count, view=view)
    for number in range(count):
        picture, label = _files(root, number)
        with np.load(label, allow_pickle=False) as truth:
            points = truth["landmarks"]
        jpeg = encode_jpeg(read_picture(picture))
        identity = f"rendered/{number // PER_PERSON}"
        yield Sample(jpeg=jpeg, points=points, identity=identity, kind="rendered")


def render_missing(root: Path, *, model: Path, count: int, view: str = "head") -> int:
    """Render those of the first `count` pictures that `root` lacks; returns their number.

    Raises:
        InputError: something is missing and the model cannot be read.
        TrainError: the disk is full.
    """
    missing = [n for n in range(count) if not all(file.is_file() for file in _files(root, n))]
    if not missing:
        return 0
    head = load(model)
    with saving(root):
        root.mkdir(parents=True, exist_ok=True)
    renderer, person = None, -1
    for number in missing:
        if renderer is None or number // PER_PERSON != person:
            person = number // PER_PERSON
            renderer = _random_person(head, np.random.default_rng((0, person)))
        _save(
            root, number, *_random_view(renderer, np.random.default_rng((1, number)), VIEWS[view])
        )
    return len(missing)


def _random_person(head: IctHead, rng: Rng) -> HeadRenderer:
    identity = np.clip(rng.normal(0, 0.8, len(head.identity)), -2, 2).astype(np.float32)
    return HeadRenderer(head, identity, _random_colours(rng))


def _random_colours(rng: Rng) -> SkinColours:
    between = float(rng.uniform(0, len(SKINS) - 1.001))
    low = SKINS[int(between)]
    skin = _mixed(low, SKINS[int(between) + 1], between % 1)
    grey = float(rng.uniform(0.02, 0.35)) ** 1.5
    return SkinColours(
        skin=skin,
        lips=_mixed((skin[0] * 0.75, skin[1] * 0.5, skin[2] * 0.55), (0.40, 0.12, 0.12), 0.4),
        hair=(grey * 1.3, grey, grey * float(rng.uniform(0.5, 1.0))),
        iris=_random_colour(rng, 0.03, 0.22),
        cloth=_random_colour(rng, 0.02, 0.6),
        background=_random_colour(rng, 0.02, 0.8),
    )


def _mixed(one: Colour, two: Colour, share: float) -> Colour:
    red, green, blue = (float((1 - share) * a + share * b) for a, b in zip(one, two, strict=True))
    return red, green, blue


def _random_colour(rng: Rng, low: float, high: float) -> Colour:
    red, green, blue = (float(v) for v in rng.uniform(low, high, 3))
    return red, green, blue


def _random_view(
    renderer: HeadRenderer, rng: Rng, view: RenderedView
) -> tuple[Image, Points, IctPose]:
    head_pose = IctPose(
        yaw_deg=float(np.clip(rng.normal(0, view.turn_deg), -65, 65)),
        pitch_deg=float(np.clip(rng.normal(0, 0.48 * view.turn_deg), -30, 30)),
        roll_deg=float(np.clip(rng.normal(0, 0.32 * view.turn_deg), -25, 25)),
        gaze_yaw_deg=float(rng.uniform(-view.gaze_deg[0], view.gaze_deg[0])),
        gaze_pitch_deg=float(rng.uniform(-view.gaze_deg[1], view.gaze_deg[1])),
    )
    camera = Camera(
        size=view.size,
        focal_px=view.size * float(rng.uniform(*view.focal)),
        distance=float(rng.uniform(85, 110)),
        target=(0.0, -1.0, 0.0),
    )
    face = _expression(renderer.head.expression_names, rng, view)
    return (
        renderer.draw(face, head_pose, camera),
        renderer.points(face, head_pose, camera),
        head_pose,
    )


def _expression(names: tuple[str, ...], rng: Rng, view: RenderedView) -> NDArray[np.float32]:
    """Random weights of the named shapes (E,); both sides of the face get similar weights.

    The `eyeLook` shapes stay at 0, because the gaze turns the eyes.
    """
    groups = sorted({name.removesuffix("_L").removesuffix("_R") for name in names})
    weight = {}
    for group in groups:
        often = view.often if group in ("eyeBlink", "jawOpen") else view.rarely
        strength = float(rng.beta(1.2, 2.0)) if rng.random() < often else 0.0
        sides = np.clip(strength * (1 + rng.normal(0, 0.15, 2)), 0, 1)
        for side, value in zip("LR", sides, strict=True):
            weight[f"{group}_{side}"] = weight[group] = float(value)
    chosen = [0.0 if name.startswith("eyeLook") else weight[name] for name in names]
    return np.array(chosen, np.float32)


def _files(root: Path, number: int) -> tuple[Path, Path]:
    return root / f"{number:06d}.jpg", root / f"{number:06d}.npz"


def _save(root: Path, number: int, pixels: Image, points: Points, head_pose: IctPose) -> None:
    """Write the picture, then its label: landmarks (74, 2) px, pose_deg (3,), gaze_deg (2,).

    Each file is written under another name and renamed, so that no partial file is left.
    """
    picture, label = _files(root, number)
    turn = (head_pose.yaw_deg, head_pose.pitch_deg, head_pose.roll_deg)
    gaze = (head_pose.gaze_yaw_deg, head_pose.gaze_pitch_deg)
    with saving(picture):
        part_file = picture.with_name(picture.name + ".part")
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
        part_file.write_bytes(jpeg.tobytes())
        part_file.replace(picture)
    with saving(label):
        part_file = label.with_name(label.name + ".part")
        with part_file.open("wb") as file:
            np.savez(file, landmarks=points, pose_deg=np.array(turn), gaze_deg=np.array(gaze))
        part_file.replace(label)
