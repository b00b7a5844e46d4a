from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from posed import posed
from torch import Tensor

from animate_cli.faces.points import MIRROR
from animate_cli.faces.shape3d.fit import FittedFaces, fit, fit_frames, spread
from animate_cli.faces.shape3d.model import ShapeModel, load_shape_model, project


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return load_shape_model()


def redrawn(model: ShapeModel, found: FittedFaces) -> Tensor:
    return project(model, found.pose, found.identity, found.expression, found.gaze_deg)


def off_by(found: FittedFaces, angles_deg: Tensor) -> Tensor:
    """Mean error of yaw, pitch, roll."""
    return (found.pose.angles_deg - angles_deg).abs().mean(dim=0)


def test_the_fit_recovers_all_parameters_of_a_projection(model: ShapeModel) -> None:
    made = posed(model, frames=40)
    found = fit(model, made.points, made.sure)
    assert off_by(found, made.angles_deg).max() < 0.5
    assert (found.identity - made.identity).abs().mean() < 0.25
    assert (found.expression - made.expression).abs().mean() < 0.25
    assert (found.gaze_deg - made.gaze_deg).abs().mean() < 1
    torch.testing.assert_close(found.pose.scale, made.pose.scale, rtol=0.02, atol=0)
    apart = (redrawn(model, found) - made.points).norm(dim=-1) / made.pose.scale[:, None]
    assert apart.mean() < 0.003


def test_the_fit_is_exact_without_a_prior_for_noise(model: ShapeModel) -> None:
    sure_of_points = replace(model, config=replace(model.config, noise=1e-3))
    made = posed(model, frames=20, seed=3)
    found = fit_frames(sure_of_points, made.points, made.sure, made.identity)
    assert off_by(found, made.angles_deg).max() < 0.05
    assert (found.expression - made.expression).abs().max() < 0.2
    assert (found.gaze_deg - made.gaze_deg).abs().max() < 0.5


@pytest.mark.parametrize(
    ("turn_deg", "size", "shift"),
    [(30.0, 1.0, (0, 0)), (0.0, 0.1, (0, 0)), (-75.0, 7.0, (900, -4))],
)
def test_the_fit_is_equivariant_to_rotation_scale_and_shift_of_the_picture(
    model: ShapeModel, turn_deg: float, size: float, shift: tuple[float, float]
) -> None:
    made = posed(model, frames=12, seed=1)
    angle = torch.deg2rad(torch.tensor(turn_deg))
    c, s = torch.cos(angle), torch.sin(angle)
    turn = torch.stack((torch.stack((c, -s)), torch.stack((s, c))))
    moved = size * made.points @ turn.mT + torch.tensor(shift)
    here, there = (fit(model, p, made.sure) for p in (made.points, moved))
    about_z = torch.eye(3)
    about_z[:2, :2] = turn
    torch.testing.assert_close(there.pose.rotation, about_z @ here.pose.rotation, atol=2e-3, rtol=0)
    torch.testing.assert_close(there.pose.scale, size * here.pose.scale, rtol=2e-3, atol=0)
    wanted = size * here.pose.shift @ turn.mT + torch.tensor(shift)
    assert (there.pose.shift - wanted).norm(dim=-1).max() < 0.005 * there.pose.scale.max()
    torch.testing.assert_close(there.identity, here.identity, atol=0.02, rtol=0)
    torch.testing.assert_close(there.expression, here.expression, atol=0.02, rtol=0)


def test_a_mirrored_picture_negates_yaw_roll_and_gaze(model: ShapeModel) -> None:
    made = posed(model, frames=12, seed=2)
    flipped = made.points[:, list(MIRROR)] * torch.tensor((-1.0, 1.0))
    here, there = (fit(model, p, made.sure) for p in (made.points, flipped))
    sign = torch.tensor((-1.0, 1.0, -1.0))
    torch.testing.assert_close(there.pose.angles_deg, here.pose.angles_deg * sign, atol=0.3, rtol=0)
    swapped = here.gaze_deg.flip(1) * torch.tensor((-1.0, 1.0))
    torch.testing.assert_close(there.gaze_deg, swapped, atol=0.5, rtol=0)


def test_frames_of_a_known_person_do_not_influence_each_other(model: ShapeModel) -> None:
    made = posed(model, frames=300, seed=4)
    together = fit_frames(model, made.points, made.sure, made.identity)
    for i in (0, 7, 255, 256, 299):
        alone = fit_frames(model, made.points[i, None], made.sure[i, None], made.identity)
        torch.testing.assert_close(alone.expression[0], together.expression[i], atol=1e-3, rtol=0)
        torch.testing.assert_close(
            alone.pose.angles_deg[0], together.pose.angles_deg[i], atol=1e-2, rtol=0
        )


def test_one_outlier_in_ten_points_does_not_matter(model: ShapeModel) -> None:
    made = posed(model, frames=60, seed=5, coefficients=0.7)
    random = torch.Generator().manual_seed(0)
    wrong = torch.rand(made.sure.shape, generator=random).argsort(dim=1) < 7
    away = torch.randn(made.points.shape, generator=random)
    away = away / away.norm(dim=-1, keepdim=True) * made.pose.scale[:, None, None]
    distance = 0.2 + 0.6 * torch.rand(wrong.shape, generator=random)[..., None]
    points = torch.where(wrong[..., None], made.points + distance * away, made.points)
    found = fit(model, points, made.sure)
    assert off_by(found, made.angles_deg).max() < 1.0
    trusting = replace(model, config=replace(model.config, noise=10.0))
    assert off_by(fit(trusting, points, made.sure), made.angles_deg).max() > 2.0


def test_points_without_confidence_do_not_count(model: ShapeModel) -> None:
    made = posed(model, frames=10, seed=6)
    jaw = torch.arange(74) < 17
    points = made.points + torch.where(jaw[:, None], 40.0, 0.0)
    found = fit(model, points, torch.where(jaw, 0.0, 1.0).expand(10, 74))
    assert off_by(found, made.angles_deg).max() < 1.0


def test_noise_is_not_fitted_by_expression(model: ShapeModel) -> None:
    made = posed(model, frames=50, seed=7, coefficients=0.0)
    noise = torch.randn(made.points.shape, generator=torch.Generator().manual_seed(1))
    noisy = made.points + 0.01 * made.pose.scale[:, None, None] * noise
    found = fit(model, noisy, made.sure)
    assert off_by(found, made.angles_deg).max() < 1.5
    apart = (redrawn(model, found) - made.points).norm(dim=-1)[:, :72].mean()
    assert apart < 0.8 * (noisy - made.points).norm(dim=-1)[:, :72].mean()


def test_the_mean_face_has_neither_expression_nor_identity(model: ShapeModel) -> None:
    made = posed(model, frames=8, seed=8, coefficients=0.0)
    found = fit(model, made.points, made.sure)
    assert found.expression.abs().max() < 0.05
    assert found.identity.abs().max() < 0.05
    assert found.residual.max() < 1e-3


def test_lost_frames_and_random_points_give_finite_fits(model: ShapeModel) -> None:
    made = posed(model, frames=4)
    points, sure = made.points.clone(), made.sure
    points[1], sure[2] = 50.0, 0.0
    found = fit(model, points, sure)
    for value in (found.pose.rotation, found.pose.scale, found.expression, found.gaze_deg):
        assert torch.isfinite(value).all()


def test_spread_selects_evenly() -> None:
    assert spread(3, 64) == [0, 1, 2]
    assert spread(1, 64) == [0]
    chosen = spread(1000, 64)
    assert (len(chosen), chosen[0], chosen[-1]) == (64, 0, 999)
