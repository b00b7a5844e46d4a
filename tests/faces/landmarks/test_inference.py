from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted import FACE, Painted, PaintedNetwork, paint

from animate_cli.faces.crop import square
from animate_cli.faces.landmarks.inference import detect_landmarks, roll_deg, upright_square


@given(angle=st.floats(-170, 170), size=st.floats(5, 500))
def test_roll_is_the_angle_by_which_a_face_was_turned(angle: float, size: float) -> None:
    upright = Painted(x=0, y=0, radius=size).landmarks
    turned = Painted(x=30, y=-8, radius=size, roll_deg=angle).landmarks
    assert roll_deg(upright) == pytest.approx(0, abs=1e-3)
    assert roll_deg(turned) == pytest.approx(angle, abs=1e-2)


def test_roll_is_known_in_profile_where_the_eyes_coincide() -> None:
    profile = FACE * np.array([1e-4, 1], np.float32)
    assert roll_deg(profile) == pytest.approx(0, abs=1)


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(150, 350), y=st.floats(130, 250), radius=st.floats(25, 110), roll=st.floats(-60, 60)
)
def test_points_are_in_frame_pixels_for_any_square(
    x: float, y: float, radius: float, roll: float
) -> None:
    face = Painted(x=x, y=y, radius=radius, roll_deg=roll)
    crop = square((x + 4, y - 5), 1.9 * radius, 128, roll_deg=roll / 2)
    (result,) = detect_landmarks(paint([face]), [crop], PaintedNetwork())
    assert np.abs(result.landmarks - face.landmarks).max() < 0.03 * radius


def test_in_an_upright_square_the_face_is_upright(network: PaintedNetwork) -> None:
    face = Painted(x=250, y=190, radius=70, roll_deg=40)
    crop = upright_square(face.landmarks, 128)
    (result,) = detect_landmarks(paint([face]), [crop], network)
    inside, _ = network(result.pixels[None])
    assert roll_deg(inside[0]) == pytest.approx(0, abs=1)


def test_a_batch_of_squares_gives_what_each_gives_alone(network: PaintedNetwork) -> None:
    frame = paint([Painted(x=120, y=150), Painted(x=380, y=200, person=1)])
    crops = [square((120, 150), 130, 128), square((380, 200), 130, 128, 10.0)]
    together = detect_landmarks(frame, crops, network)
    for crop, result in zip(crops, together, strict=True):
        (alone,) = detect_landmarks(frame, [crop], network)
        np.testing.assert_array_equal(alone.landmarks, result.landmarks)


def test_no_squares_give_no_results_and_no_call_of_the_network(network: PaintedNetwork) -> None:
    assert detect_landmarks(paint([]), [], network) == []
    assert network.calls == 0
