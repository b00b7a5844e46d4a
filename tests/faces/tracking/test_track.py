from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from painted import (
    Painted,
    film,
    gap,
    info_of,
    paint,
)

from animate_cli.errors import Cancelled, FaceError
from animate_cli.faces.tracking import track as tracking
from animate_cli.faces.tracking.follower import SEARCH_EVERY, FaceFollower
from animate_cli.options import FaceOptions, Lost
from animate_cli.records import Frame, Trajectory


def error_px(trajectory: Trajectory, truth: list[Painted]) -> np.ndarray:
    """Largest error of each frame, in pixels."""
    return np.array(
        [np.abs(p - f.landmarks).max() for p, f in zip(trajectory.landmarks, truth, strict=True)]
    )


def wandering(count: int, period: float = 12) -> list[Painted]:
    """A head that moves through the picture, comes near and rolls."""
    s = np.sin(np.arange(count) / period)
    return [
        Painted(
            x=250 + 90 * s[i],
            y=190 + 20 * s[i // 2],
            radius=60 * (1.2 + 0.3 * s[i]),
            roll_deg=25 * s[i],
        )
        for i in range(count)
    ]


def test_a_wandering_face_is_followed_with_one_detection(follow, proposer) -> None:
    truth = wandering(80)
    trajectory = follow([paint([f]) for f in truth])
    assert error_px(trajectory, truth).max() < 2.5
    assert trajectory.found.all()
    assert not trajectory.cut.any()
    assert proposer.asked == 1


def test_the_trajectory_records_its_driver(follow) -> None:
    trajectory = follow([paint([f]) for f in wandering(7)])
    assert len(trajectory) == 7 == len(trajectory.landmarks)
    assert trajectory.times_s == tuple(Fraction(i, 25) for i in range(7))
    assert (trajectory.width, trajectory.height) == (512, 384)
    assert trajectory.driver == "driver.mp4"
    assert trajectory.sha256 == "ab" * 32
    assert trajectory.motion_weight is not None
    assert (trajectory.motion_weight == 1).all()


def test_batches_of_frames_give_the_results_of_single_frames(follow, monkeypatch, network) -> None:
    pictures = [paint([f]) for f in wandering(60, period=40)]
    together = follow(pictures)
    calls = network.calls
    monkeypatch.setattr("animate_cli.faces.tracking.follower.MAX_AHEAD", 1)
    alone = follow(pictures)
    np.testing.assert_array_equal(together.landmarks, alone.landmarks)
    assert calls < 0.7 * (network.calls - calls)


def test_the_square_of_a_still_face_does_not_move(network, proposer) -> None:
    face = Painted(x=250, y=190)
    frames = film([paint([Painted(x=250 + 0.5 * (i % 2), y=190)]) for i in range(20)])
    follower = FaceFollower(network, proposer, "largest")
    follower.advance(frames[:1])
    before = network.squares_read
    squares = {id(follower._square)}
    for start in range(1, 20):
        follower.advance(frames[start : start + 1])
        squares.add(id(follower._square))
    assert len(squares) == 1
    assert network.squares_read - before == 19
    assert face.radius == 60


def test_lost_frames_are_interpolated(follow) -> None:
    truth, pictures = gap(60, 20, 31)
    trajectory = follow(pictures)
    assert 12 <= trajectory.lost <= 12 + SEARCH_EVERY
    assert trajectory.found[:20].all()
    assert (trajectory.confidence[20:32] == 0).all()
    assert error_px(trajectory, truth).max() < 2.5  # it moves evenly, so the bridge is the truth


def test_lost_frames_are_held(follow) -> None:
    _, pictures = gap(60, 20, 31)
    trajectory = follow(pictures, lost=Lost.HOLD)
    for i in range(20, 32):
        np.testing.assert_array_equal(trajectory.landmarks[i], trajectory.landmarks[19])


def test_rest_fades_out_and_in(follow) -> None:
    _, pictures = gap(90, 20, 49)
    trajectory = follow(pictures, lost=Lost.REST)
    weight = trajectory.motion_weight
    assert weight is not None
    assert (weight[:20] == 1).all()
    assert (weight[31:50] == 0).all()
    assert weight[-1] == 1
    assert np.abs(np.diff(weight)).max() < 0.2
    assert np.isfinite(trajectory.landmarks).all()


def test_fail_names_the_first_lost_frame(follow) -> None:
    _, pictures = gap(60, 20, 31)
    with pytest.raises(FaceError, match=r"frame 20 \(0.80 s\)"):
        follow(pictures, lost=Lost.FAIL)


def test_frames_before_the_first_face_are_filled(follow) -> None:
    truth, pictures = gap(30, 0, 9)
    trajectory = follow(pictures)
    first = int(np.flatnonzero(trajectory.found)[0])
    assert 10 <= first < 10 + SEARCH_EVERY
    assert error_px(trajectory, truth)[first:].max() < 2.5
    assert np.ptp(trajectory.landmarks[: first + 1], axis=0).max() == 0


def test_no_face_at_all_is_an_error(follow) -> None:
    with pytest.raises(FaceError, match="12 frames"):
        follow([paint([])] * 12)


def test_searches_are_rare_while_there_is_no_face(follow, proposer) -> None:
    truth, _ = gap(1, 5, 5)
    follow([paint(truth), *[paint([])] * 89])
    assert proposer.asked <= 1 + 90 / SEARCH_EVERY


def test_a_face_that_jumps_in_one_shot_is_found_again(follow) -> None:
    truth = [Painted(x=120, y=190)] * 10 + [Painted(x=400, y=150)] * 10
    trajectory = follow([paint([f]) for f in truth])
    assert trajectory.found.all()
    assert error_px(trajectory, truth).max() < 2.5


def test_motion_is_no_cut(follow) -> None:
    truth = [Painted(x=150 + 6 * i, y=190) for i in range(20)]
    truth += [Painted(x=390, y=150, radius=90)] * 20
    pictures = [paint([f], seed=i // 20) for i, f in enumerate(truth)]
    trajectory = follow(pictures)
    assert np.flatnonzero(trajectory.cut).tolist() == [20]
    assert trajectory.found.all()
    assert error_px(trajectory, truth).max() < 2.5


def test_a_flash_is_no_cut(follow) -> None:
    truth = [Painted(x=250, y=190)] * 12
    pictures = [paint([f]) for f in truth]
    pictures[6] = (pictures[6] * 0.75).astype(np.uint8)
    assert not follow(pictures).cut.any()


def test_the_same_person_is_found_after_a_cut(follow) -> None:
    ours, other = {"radius": 60, "person": 0}, {"radius": 75, "person": 1}
    truth = [Painted(x=150, y=150, **ours)] * 8 + [Painted(x=380, y=220, **ours)] * 8
    pictures = [paint([f], seed=0) for f in truth[:8]]
    pictures += [paint([Painted(x=130, y=200, **other), f], seed=1) for f in truth[8:]]
    trajectory = follow(pictures)
    assert error_px(trajectory, truth).max() < 2.5


@pytest.mark.parametrize("person", [0, 1])
def test_the_followed_face_stays_the_same_when_two_cross(follow, person: int) -> None:
    """The one in front (1) hides the one behind (0) in the middle."""
    count = 60
    paths = [
        [Painted(x=90 + 330 * i / count, y=180, radius=52, person=0) for i in range(count)],
        [Painted(x=420 - 330 * i / count, y=190, radius=62, person=1) for i in range(count)],
    ]
    pictures = [paint([paths[0][i], paths[1][i]]) for i in range(count)]
    trajectory = follow(pictures, face="left" if person == 0 else "right")
    found = trajectory.found
    assert error_px(trajectory, paths[person])[found].max() < 8
    assert found[-10:].all()
    assert found.mean() > (0.6 if person == 0 else 0.95)


def test_the_chosen_driver_face_is_followed(follow) -> None:
    truth = [Painted(x=380, y=190, radius=50, person=1)] * 5
    pictures = [paint([Painted(x=130, y=190, radius=70), f]) for f in truth]
    assert error_px(follow(pictures, face="2"), truth).max() < 2.5
    with pytest.raises(FaceError, match="only 2"):
        follow(pictures, face="3")


def test_frames_are_read_in_order_and_few_are_held(network, proposer) -> None:
    frames = film([paint([f]) for f in wandering(50)])
    done: list[int] = []
    ahead = 0

    def stream():
        nonlocal ahead
        for frame in frames:
            ahead = max(ahead, frame.index - len(done))
            yield frame

    tracking.track(
        stream(),
        info_of(frames),
        network,
        FaceOptions(),
        sha256="",
        proposer=proposer,
        on_frame=done.append,
    )
    assert done == list(range(50))
    assert ahead < 8


def test_the_callback_may_stop_tracking(network, proposer) -> None:
    frames = film([paint([f]) for f in wandering(9)])

    def stop(index: int) -> None:
        if index == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        tracking.track(
            iter(frames),
            info_of(frames),
            network,
            FaceOptions(),
            sha256="",
            proposer=proposer,
            on_frame=stop,
        )


def test_damaged_frames_are_counted(network, proposer) -> None:
    frames = film([paint([f]) for f in wandering(6)])
    frames[3] = Frame(pixels=frames[2].pixels, index=3, time_s=frames[3].time_s, is_concealed=True)
    trajectory = tracking.track(
        iter(frames),
        info_of(frames),
        network,
        FaceOptions(),
        sha256="",
        proposer=proposer,
        on_frame=lambda _: None,
    )
    assert trajectory.frames_concealed == 1
