from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from animate_cli.train.synthetic.speech import Phoneme, Speech
from animate_cli.train.synthetic.talking_head import (
    DIPHTHONG_ENDS,
    LIDS_AT_REST,
    VISEMES,
    Glance,
    HeadPerformance,
    Key,
    expressions,
    lids,
    poses,
)

NAMES = sorted(
    {name for shape in (*VISEMES.values(), *DIPHTHONG_ENDS.values()) for name in shape}
    | {f"{stem}_{side}" for side in "LR" for stem in (
        "eyeBlink", "eyeLookDown", "eyeLookUp", "eyeWide", "browInnerUp", "browOuterUp",
        "mouthPress", "mouthSmile",
    )}
)  # fmt: skip


@dataclass
class NamesOnly:
    """As much of a head as a performance needs."""

    expression_names: tuple[str, ...] = tuple(NAMES)


def performance(phonemes: list[tuple[str, float]], **changes: object) -> HeadPerformance:
    end = phonemes[-1][1] if phonemes else 0
    return HeadPerformance(
        **{
            "speech": Speech(
                samples=np.zeros(int(1000 * (end + 0.2)), np.int16),
                rate=1000,
                phonemes=tuple(Phoneme(*p) for p in phonemes),
            ),
            "speech_start_s": 0.5,
            "keys": (Key(0), Key(1, yaw=20, pitch=-5, x=1), Key(2)),
            "glances": (Glance(0, 0, 0), Glance(1, 15, -10)),
            "blinks_s": (1.5,),
            **changes,
        }  # type: ignore[arg-type]
    )


def weight(play: HeadPerformance, name: str, times_s: list[float]) -> np.ndarray:
    at = np.array(times_s, np.float32)
    return expressions(NamesOnly(), play, at)[:, NAMES.index(name)]  # type: ignore[arg-type]


def test_heads_reach_their_keys_and_pause_there() -> None:
    start, near, there, after = poses(performance([]), np.array((0, 0.99, 1, 1.01), np.float32))
    assert (start.yaw_deg, start.shift) == (0, (0, 0, 0))
    assert (there.yaw_deg, there.pitch_deg, there.shift[0]) == pytest.approx((20, -5, 1))
    assert near.yaw_deg == pytest.approx(20, abs=0.01)
    assert after.yaw_deg == pytest.approx(20, abs=0.01)


def test_eyes_jump_and_stay() -> None:
    head_poses = poses(performance([]), np.array((0.99, 1.07, 1.9), np.float32))
    assert [s.gaze_yaw_deg for s in head_poses] == pytest.approx([0, 15, 15])
    assert [s.gaze_pitch_deg for s in head_poses] == pytest.approx([0, -10, -10])


def test_lids_shut_at_blinks_only() -> None:
    closed = lids(performance([]), np.array((1.39, 1.5, 1.69, 0.2), np.float32))
    np.testing.assert_allclose(closed, (0, 1, 0, 0), atol=1e-6)
    blinking, resting = weight(performance([]), "eyeBlink_L", [1.5, 0.2])
    assert blinking == pytest.approx(1)
    assert resting == pytest.approx(LIDS_AT_REST)


def test_mouth_shapes_come_at_their_sounds() -> None:
    play = performance([("m", 0.0), ("a", 0.3), ("m", 0.6), ("_", 0.9)])
    closed, open_, closed_again = weight(play, "jawOpen", [0.65, 0.95, 1.25])
    assert open_ == pytest.approx(VISEMES["a"]["jawOpen"], rel=0.02)
    assert max(closed, closed_again) < 0.02
    times = np.arange(0.5, 1.4, 0.01)
    jaw = weight(play, "jawOpen", list(times))
    peak = times[jaw > 0.5 * jaw.max()].mean()
    assert peak == pytest.approx(0.95, abs=0.02)


def test_diphthongs_glide() -> None:
    play = performance([("oU", 0.0), ("_", 0.6)])
    first, second = weight(play, "mouthPucker", [0.6, 0.98])
    assert second > first + 0.3


def test_lids_follow_a_look_down() -> None:
    play = performance([], glances=(Glance(0, 0, 0), Glance(1, 0, 15)), blinks_s=())
    before, after = weight(play, "eyeLookDown_L", [0.5, 1.5])
    assert before == 0
    assert after == pytest.approx(0.5)
