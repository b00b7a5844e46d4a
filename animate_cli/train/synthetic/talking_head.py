"""Animate the rendered head: speech, blinks, head motion and gaze as functions of time.

Each phoneme has a mouth shape (viseme), which holds for the phoneme's duration; a Gaussian of 32 ms
over time blends consecutive shapes. The head moves between key poses along quintic curves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animate_cli.train.synthetic.ict_head import IctHead, IctPose, weights
from animate_cli.train.synthetic.speech import Speech

Floats = NDArray[np.floating]
Shape = Mapping[str, float]

STEP_S = 0.005  # between samples of the mouth shapes
BLUR_S = 0.032  # σ of the Gaussian over them
LIDS_AT_REST = 0.14  # of a blink: the model's neutral eyes are wide open

_REST: Shape = {
    "mouthPress_L": 0.12,
    "mouthPress_R": 0.12,
    "mouthSmile_L": 0.1,
    "mouthSmile_R": 0.1,
}
_CLOSED: Shape = {
    "mouthPress_L": 0.35,
    "mouthPress_R": 0.35,
    "mouthRollLower": 0.30,
    "mouthRollUpper": 0.20,
}
_TEETH_ON_LIP: Shape = {
    "jawOpen": 0.05,
    "mouthRollLower": 0.55,
    "mouthUpperUp_L": 0.3,
    "mouthUpperUp_R": 0.3,
}
_WIDE_OPEN: Shape = {"jawOpen": 0.42, "mouthLowerDown_L": 0.2, "mouthLowerDown_R": 0.2}
_HALF_OPEN: Shape = {
    "jawOpen": 0.24,
    "mouthUpperUp_L": 0.18,
    "mouthUpperUp_R": 0.18,
    "mouthLowerDown_L": 0.2,
    "mouthLowerDown_R": 0.2,
}
_SPREAD: Shape = {
    "jawOpen": 0.12,
    "mouthSmile_L": 0.35,
    "mouthSmile_R": 0.35,
    "mouthStretch_L": 0.3,
    "mouthStretch_R": 0.3,
    "mouthUpperUp_L": 0.2,
    "mouthUpperUp_R": 0.2,
}
_ROUND: Shape = {"jawOpen": 0.24, "mouthFunnel": 0.65, "mouthPucker": 0.25}
_TIGHT_ROUND: Shape = {"jawOpen": 0.08, "mouthPucker": 0.75, "mouthFunnel": 0.25}
_HISS: Shape = {
    "jawOpen": 0.05,
    "mouthStretch_L": 0.25,
    "mouthStretch_R": 0.25,
    "mouthUpperUp_L": 0.3,
    "mouthUpperUp_R": 0.3,
    "mouthLowerDown_L": 0.4,
    "mouthLowerDown_R": 0.4,
}
_BROWS_UP: Shape = {
    "browInnerUp_L": 0.6,
    "browInnerUp_R": 0.6,
    "browOuterUp_L": 0.5,
    "browOuterUp_R": 0.5,
}
_TONGUE: Shape = {"jawOpen": 0.14, "mouthUpperUp_L": 0.15, "mouthUpperUp_R": 0.15}

VISEMES: Mapping[str, Shape] = MappingProxyType(
    {
        **dict.fromkeys(("p", "b", "m"), _CLOSED),
        **dict.fromkeys(("f", "v"), _TEETH_ON_LIP),
        **dict.fromkeys(("a", "A:", "aI", "aU", "a#", "0", "V"), _WIDE_OPEN),
        **dict.fromkeys(("@", "@2", "3", "3:", "E", "e@", "eI", "h", "k", "g", "N"), _HALF_OPEN),
        **dict.fromkeys(("i", "i:", "I", "j"), _SPREAD),
        **dict.fromkeys(("oU", "O:", "O", "OI"), _ROUND),
        **dict.fromkeys(("u:", "U", "w", "r", "S", "Z", "tS", "dZ"), _TIGHT_ROUND),
        **dict.fromkeys(("s", "z"), _HISS),
        **dict.fromkeys(("t", "d", "n", "l", "D", "T"), _TONGUE),
    }
)
DIPHTHONG_ENDS: Mapping[str, Shape] = MappingProxyType(
    {"aI": _SPREAD, "eI": _SPREAD, "OI": _SPREAD, "aU": _TIGHT_ROUND, "oU": _TIGHT_ROUND}
)
"""The mouth shape in the second half of each diphthong."""


class Key(NamedTuple):
    """A key pose of the head at a time; angles in degrees, shift in centimetres, as `ict_head`."""

    time_s: float
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


class Glance(NamedTuple):
    """A change of gaze: from `time_s` on the eyes have this yaw and pitch, in degrees."""

    time_s: float
    yaw: float
    pitch: float


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadPerformance:
    """The performance of a rendered head; all times count from the first frame.

    speech starts at speech_start_s; keys: poses of the head in order of time; glances: changes of
    gaze in order of time; blinks_s: times at which the lids are shut; brows_s: times at which the
    brows are highest, each raised for about half a second.
    """

    speech: Speech
    speech_start_s: float
    keys: tuple[Key, ...]
    glances: tuple[Glance, ...]
    blinks_s: tuple[float, ...]
    brows_s: tuple[float, ...] = ()


def poses(performance: HeadPerformance, times_s: Floats) -> list[IctPose]:
    """Head and gaze at each time (T,)."""
    keys = np.array(performance.keys, np.float64)
    moved = np.stack([_eased_curve(times_s, keys[:, 0], keys[:, k]) for k in range(1, 7)], axis=1)
    glances = np.array(performance.glances, np.float64)
    gaze = np.stack([_saccades(times_s, glances[:, 0], glances[:, k]) for k in (1, 2)], axis=1)
    return [
        IctPose(
            yaw_deg=float(yaw),
            pitch_deg=float(pitch),
            roll_deg=float(roll),
            shift=(float(x), float(y), float(z)),
            gaze_yaw_deg=float(gaze_deg[0]),
            gaze_pitch_deg=float(gaze_deg[1]),
        )
        for (yaw, pitch, roll, x, y, z), gaze_deg in zip(moved, gaze, strict=True)
    ]


def expressions(head: IctHead, performance: HeadPerformance, times_s: Floats) -> Floats:
    """Expression weights at each time: mouth, lids, brows. -> (T, E)"""
    total = _mouth_shapes(head, performance, times_s)
    closed = lids(performance, times_s)[:, None]
    brow = sum(np.exp(-(((times_s - at) / 0.25) ** 2)) for at in performance.brows_s)
    raised = np.broadcast_to(np.asarray(brow, np.float32), times_s.shape)[:, None]
    shut = weights(head, {"eyeBlink_L": 1.0, "eyeBlink_R": 1.0})
    down = weights(head, {"eyeLookDown_L": 1.0, "eyeLookDown_R": 1.0})
    up = weights(head, {"eyeLookUp_L": 1.0, "eyeLookUp_R": 1.0, "eyeWide_L": 0.2, "eyeWide_R": 0.2})
    brows = weights(head, _BROWS_UP)
    pitch = np.array([at.gaze_pitch_deg for at in poses(performance, times_s)])[:, None]
    total = total + np.maximum(closed, LIDS_AT_REST) * shut + raised * brows
    lid = np.clip(pitch / 30, 0, 1) * (1 - closed) * down + np.clip(-pitch / 30, 0, 1) * up
    return np.asarray(total + lid, np.float32)


def lids(performance: HeadPerformance, times_s: Floats) -> Floats:
    """How far the lids are closed, 0 to 1: 80 ms down, 40 ms shut, 160 ms up. (T,) -> (T,)"""
    closed = np.zeros_like(times_s)
    for at in performance.blinks_s:
        curve = np.interp(times_s - at, (-0.10, -0.02, 0.02, 0.18), (0, 1, 1, 0), 0, 0)
        closed = np.maximum(closed, curve * curve * (3 - 2 * curve))
    return closed.astype(np.float32)


def _mouth_shapes(head: IctHead, performance: HeadPerformance, times_s: Floats) -> Floats:
    """Expression weights of the mouth at each time, smoothed over phonemes: (T, E)."""
    steps = int((float(times_s.max()) + 1) / STEP_S)
    track = np.tile(weights(head, _REST), (steps, 1))
    spoken = performance.speech.phonemes
    ends_s = (*(phoneme.start_s for phoneme in spoken), performance.speech.duration_s)[1:]
    for phoneme, end_s in zip(spoken, ends_s, strict=True):
        start = performance.speech_start_s + phoneme.start_s
        stop = performance.speech_start_s + end_s
        middle = (start + stop) / 2
        _hold(track, start, stop, weights(head, VISEMES.get(phoneme.name, _REST)))
        if phoneme.name in DIPHTHONG_ENDS:
            _hold(track, middle, stop, weights(head, DIPHTHONG_ENDS[phoneme.name]))
    reach = int(3 * BLUR_S / STEP_S)
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP_S / BLUR_S) ** 2)
    padded = np.pad(track, ((reach, reach), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=0)
    blurred = windows @ (bell / bell.sum())
    rows = np.clip(np.rint(times_s / STEP_S).astype(int), 0, len(blurred) - 1)
    return np.asarray(blurred[rows], np.float32)


def _hold(track: Floats, start_s: float, stop_s: float, shape: Floats) -> None:
    track[round(start_s / STEP_S) : round(stop_s / STEP_S)] = shape


def _eased_curve(times: Floats, at: NDArray[np.float64], values: NDArray[np.float64]) -> Floats:
    """Values between keys, with zero velocity and acceleration at each key (quintic): (T,)."""
    index = np.clip(np.searchsorted(at, times, side="right") - 1, 0, len(at) - 2)
    t = np.clip((times - at[index]) / (at[index + 1] - at[index]), 0, 1)
    eased: Floats = values[index] + t**3 * (10 - 15 * t + 6 * t * t) * (
        values[index + 1] - values[index]
    )
    return eased


def _saccades(times: Floats, at: NDArray[np.float64], values: NDArray[np.float64]) -> Floats:
    """Steps of 60 ms from each value to the next, constant in between: (T,)."""
    total = np.full(len(times), values[0])
    for moment, step in zip(at[1:], np.diff(values), strict=True):
        t = np.clip((times - moment) / 0.06, 0, 1)
        total += step * t * t * (3 - 2 * t)
    return total.astype(np.float32)
