"""Retargeting of faces of the shape model, whose pose, identity and expression are known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from animate_cli.faces.points import JAW
from animate_cli.faces.retargeting.eye_mouth_aperture import (
    EYES_AND_MOUTH,
    RIGHT_EYE,
    apertures,
    width,
)
from animate_cli.faces.retargeting.retarget import retarget_landmarks
from animate_cli.faces.shape3d.lift import identify, lift
from animate_cli.faces.shape3d.model import (
    HeadPose,
    Part,
    ShapeModel,
    load_shape_model,
    project,
    rotation,
    see,
)
from animate_cli.options import Amounts, Motion, MotionOptions, Only

FACE = [k for k in range(74) if k not in JAW]
ABSOLUTE = MotionOptions(motion=Motion.ABSOLUTE)


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return load_shape_model()


class Head:
    """A person of the shape model in several poses and expressions."""

    def __init__(self, model: ShapeModel, seed: int, *, different: float = 0.7) -> None:
        random = torch.Generator().manual_seed(seed)
        self.model = model
        self.identity = different * torch.randn(model.config.identity, generator=random)

    def pose(self, *angles_deg: tuple[float, float, float]) -> HeadPose:
        count = len(angles_deg)
        return HeadPose(
            rotation=rotation(torch.tensor(angles_deg)),
            scale=torch.full((count,), 90.0),
            shift=torch.full((count, 2), 120.0),
        )

    def points(self, pose: HeadPose, expression: Tensor | None = None) -> Tensor:
        count = len(pose.scale)
        rest = torch.zeros(count, self.model.config.expression)
        return project(
            self.model,
            pose,
            self.identity.expand(count, -1),
            rest if expression is None else expression,
            torch.zeros(count, 2, 2),
        )


def angles(model: ShapeModel, points: Tensor, identity: Tensor) -> Tensor:
    return lift(model, points, identity.expand(len(points), -1)).pose.angles_deg


def faces_made(model: ShapeModel, count: int, size: float = 0.8) -> Tensor:
    """Random expressions of brows and mouth (count, K); the eyes stay open."""
    made = size * torch.randn(
        count, model.config.expression, generator=torch.Generator().manual_seed(9)
    )
    for part in (Part.RIGHT_EYE, Part.LEFT_EYE):
        made[:, model.config.part(part)] = 0
    return made


def test_lifted_faces_project_to_their_landmarks(model: ShapeModel) -> None:
    head = Head(model, 3)
    points = head.points(head.pose((20, -10, 8), (-30, 5, 0)))
    points = points + torch.randn(2, 74, 2, generator=torch.Generator().manual_seed(1))
    lifted = lift(model, points, head.identity.expand(2, -1))
    seen = see(model, lifted.pose, lifted.points)
    torch.testing.assert_close(seen, points.double(), atol=1e-4, rtol=0)


def test_the_drivers_identity_does_not_change_the_sources(model: ShapeModel) -> None:
    """The source with the driver's pose and expression is what the shape model projects."""
    source, driver = Head(model, 1), Head(model, 2)
    turns = ((0.0, 0.0, 0.0), (12.0, 0.0, 0.0), (-12.0, 6.0, 5.0), (0.0, -10.0, -8.0))
    made = faces_made(model, 4)
    made[0] = 0
    moved = driver.points(driver.pose(*turns), made)
    start = source.points(source.pose(turns[0]))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    wanted = source.points(source.pose(*turns), made)
    eyes = (start[0, 45] - start[0, 36]).norm()
    error = (out - wanted)[:, FACE].norm(dim=-1) / eyes
    assert error.mean() < 0.004
    assert error.max() < 0.02


def test_pose_is_transferred_and_identity_kept(model: ShapeModel) -> None:
    source, driver = Head(model, 4), Head(model, 5)
    turns = [(0.0, 0.0, 0.0)] + [(float(a), float(a) / 3, -float(a) / 2) for a in (-22, -10, 15)]
    moved = driver.points(
        driver.pose(*turns), faces_made(model, 4, 0.4) * torch.tensor([[0.0], [1], [1], [1]])
    )
    start = source.points(source.pose(turns[0]))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    own = identify(model, start)[0]
    assert (angles(model, out, own) - torch.tensor(turns)).abs().max() < 2
    drift = (identify(model, out) - own).norm(dim=-1)
    other = (identify(model, moved[:1])[0] - own).norm()
    assert drift.mean() < 0.35 * other


def test_identity_1_gives_the_drivers_identity(model: ShapeModel) -> None:
    source, driver = Head(model, 4), Head(model, 5)
    still = driver.pose((0.0, 0.0, 0.0))
    start, anchor = source.points(still), driver.points(still)
    own, other = identify(model, torch.cat((start, anchor)))
    away = []
    for share in (0.0, 0.3, 0.6, 1.0):
        out = retarget_landmarks(start, anchor, anchor, MotionOptions(identity=share))
        away.append(float((identify(model, out)[0] - other).norm() / (own - other).norm()))
    assert away == sorted(away, reverse=True)
    assert away[0] == pytest.approx(1, abs=1e-3)
    assert away[-1] < 0.3


def test_absolute_motion_gives_the_drivers_points(model: ShapeModel) -> None:
    """For a driver who is the source, and for another one at identity 1."""
    driver, source = Head(model, 6), Head(model, 7)
    moved = driver.points(driver.pose((0.0, 0, 0), (25, -8, 4), (-40, 5, 0)), faces_made(model, 3))
    noise = 0.5 * torch.randn(3, 74, 2, generator=torch.Generator().manual_seed(2))
    moved = moved + noise.index_fill(1, torch.arange(60, 72), 0)
    torch.testing.assert_close(
        retarget_landmarks(moved[:1], moved, moved[:1], ABSOLUTE), moved, atol=1e-3, rtol=0
    )
    start = source.points(source.pose((5.0, 0, 0)))
    all_his = MotionOptions(motion=Motion.ABSOLUTE, identity=1.0)
    torch.testing.assert_close(
        retarget_landmarks(start, moved, moved[:1], all_his), moved, atol=1e-3, rtol=0
    )


def test_absolute_motion_keeps_the_sources_identity(model: ShapeModel) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    turns = ((0.0, 0.0, 0.0), (15.0, 5.0, 0.0))
    made = faces_made(model, 2, 0.5)
    moved = driver.points(driver.pose(*turns), made)
    start = source.points(source.pose((-5.0, 0.0, 3.0)))
    out = retarget_landmarks(start, moved, moved[:1], ABSOLUTE)
    own, other = identify(model, torch.cat((start, moved[:1])))
    assert (identify(model, out) - own).norm(dim=-1).max() < 0.6 * (other - own).norm()
    assert (angles(model, out, own) - torch.tensor(turns)).abs().max() < 2


@pytest.mark.parametrize("pitch", [-20.0, 0.0, 20.0])
def test_a_blink_shuts_the_eyes_at_any_pitch(model: ShapeModel, pitch: float) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    pose = driver.pose((0.0, 0.0, 0.0), (0.0, pitch, 0.0))
    moved = driver.points(pose)
    for feature in EYES_AND_MOUTH[:2]:
        upper, lower = list(feature.upper), list(feature.lower)
        middle = 0.35 * moved[1, upper] + 0.65 * moved[1, lower]
        moved[1, upper], moved[1, lower] = middle, middle
    start = source.points(source.pose((0.0, 0.0, 0.0)))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    for feature in EYES_AND_MOUTH[:2]:
        shut = apertures(out, feature) / width(out, feature)
        usual = apertures(start, feature) / width(start, feature)
        assert shut[1].max() < 1.3 * feature.least
        assert shut[0].sub(usual).abs().max() < 1e-3


def test_a_nod_is_a_nod_for_a_source_that_lies_on_its_side(model: ShapeModel) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    moved = driver.points(driver.pose((0.0, 0.0, 0.0), (0.0, 15.0, 0.0)))
    upright = source.points(source.pose((0.0, 0.0, 0.0)))
    quarter = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
    lying = (upright - 120) @ quarter + 120
    out = retarget_landmarks(lying, moved, moved[:1], MotionOptions(amount=Amounts(pose=1.0)))
    wanted = retarget_landmarks(upright, moved, moved[:1], MotionOptions())
    turned = (wanted - wanted[:, 27:28]) @ quarter
    torch.testing.assert_close(out - out[:, 27:28], turned, atol=0.1, rtol=0)


@pytest.mark.parametrize("yaw", [30.0, 45.0, 60.0])
def test_a_large_yaw_keeps_some_width_of_both_sides(model: ShapeModel, yaw: float) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    moved = driver.points(driver.pose((0.0, 0.0, 0.0), (yaw, 0.0, 0.0), (-yaw, 0.0, 0.0)))
    start = source.points(source.pose((0.0, 0.0, 0.0)))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    for left, right in (
        (0, 36),
        (1, 36),
        (36, 39),
        (39, 27),
        (27, 42),
        (42, 45),
        (45, 15),
        (45, 16),
    ):
        before = start[0, right, 0] - start[0, left, 0]
        assert (out[:, right, 0] - out[:, left, 0]).min() > 0.15 * before
    turn = angles(model, out, identify(model, start)[0])[:, 0]
    assert turn[1] > 20
    assert turn[2] < -20


@pytest.mark.parametrize("yaw", [-40.0, 40.0])
def test_a_photo_in_half_profile_is_not_turned_to_the_front(model: ShapeModel, yaw: float) -> None:
    """The hidden cheek would be stretched from few pixels; a small rotation is transferred."""
    source, driver = Head(model, 1), Head(model, 2)
    start = source.points(source.pose((yaw, 0.0, 0.0)))
    back = yaw / 8
    moved = driver.points(driver.pose(*((a, 0.0, 0.0) for a in (yaw, yaw - back, 0.0))))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    turn = angles(model, out, identify(model, start)[0])[:, 0]
    torch.testing.assert_close(turn[1], turn[0] - back, atol=1.0, rtol=0)
    assert 15 < turn[2].abs() < 38
    assert turn[2] * yaw > 0


def test_limited_rotations_are_continuous(model: ShapeModel) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    moved = driver.points(driver.pose(*((float(a), 0.0, 0.0) for a in range(0, 51, 2))))
    start = source.points(source.pose((0.0, 0.0, 0.0)))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())
    steps = out.diff(dim=0).norm(dim=-1).amax(dim=1)
    assert steps.max() < 6


@pytest.mark.parametrize("only", list(Only))
def test_only_moves_the_part_that_it_names(model: ShapeModel, only: Only) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    made = torch.cat((torch.zeros(1, model.config.expression), faces_made(model, 1)))
    moved = driver.points(driver.pose((0.0, 0.0, 0.0), (10.0, 0.0, 0.0)), made)
    moved[1, 68:72, 1] -= 2.0
    start = source.points(source.pose((0.0, 0.0, 0.0)))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions(only=only))[1]
    moves = (out - start[0]).norm(dim=-1) > 0.05
    parts = {Only.POSE: 27, Only.LIPS: 57, Only.EYES: 68, Only.EXPRESSION: 19}
    taken = {only} if only is not Only.ALL else set(parts)
    taken |= {Only.LIPS, Only.EYES} if Only.EXPRESSION in taken else set()
    if Only.POSE in taken:
        taken = set(parts)
    assert {part for part, point in parts.items() if moves[point]} == taken


def test_one_eye_can_wink(model: ShapeModel) -> None:
    source, driver = Head(model, 1), Head(model, 2)
    moved = driver.points(driver.pose((0.0, 0.0, 0.0), (10.0, 5.0, 0.0)))
    moved[1, list(RIGHT_EYE.upper)] = moved[1, list(RIGHT_EYE.lower)]
    start = source.points(source.pose((0.0, 0.0, 0.0)))
    out = retarget_landmarks(start, moved, moved[:1], MotionOptions())[1:]
    right, left = (apertures(out, feature).mean() for feature in EYES_AND_MOUTH[:2])
    assert right < 0.45 * left
