"""Render a performance of the head to a video with sound, and its ground truth to an .npz."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli import __version__
from animate_cli.media.provenance import Marking
from animate_cli.media.sound.mux import plan_audio
from animate_cli.media.writer import open_writer
from animate_cli.options import OutputOptions
from animate_cli.train.synthetic.ict_head import Camera, IctPose
from animate_cli.train.synthetic.render import HeadRenderer
from animate_cli.train.synthetic.talking_head import HeadPerformance, expressions, lids, poses


def render_video(
    renderer: HeadRenderer,
    performance: HeadPerformance,
    camera: Camera,
    path: Path,
    *,
    frames: int,
    rate: Fraction,
    output: OutputOptions,
) -> None:
    """Write the video to `path`, and the ground truth of its frames to NAME_truth.npz beside it.

    It takes about a second per 512-pixel frame on one core.

    Raises:
        OutputError: a file cannot be written.
    """
    times_s = (np.arange(frames) / float(rate)).astype(np.float32)
    head_poses = poses(performance, times_s)
    faces = expressions(renderer.head, performance, times_s).astype(np.float32)
    marking = Marking(
        version=__version__,
        model="ict_head",
        source_sha256="",
        digital_source_type="digitalCreation",
    )
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "speech.wav"
        _write_sound(sound, performance, frames / float(rate))
        with open_writer(
            path,
            width=camera.size,
            height=camera.size,
            rate=rate,
            options=output,
            marking=marking,
            audio=plan_audio(str(sound), driver=None),
        ) as writer:
            for index, (face, head_pose) in enumerate(zip(faces, head_poses, strict=True)):
                writer.write(renderer.draw(face, head_pose, camera), index / rate)
    points = [renderer.points(face, s, camera) for face, s in zip(faces, head_poses, strict=True)]
    _write_truth(path, np.stack(points), head_poses, lids(performance, times_s))


def _write_sound(path: Path, performance: HeadPerformance, duration_s: float) -> None:
    """The speech with the silence around it, 16-bit mono."""
    speech = performance.speech
    track = np.zeros(round(duration_s * speech.rate), np.int16)
    start = round(performance.speech_start_s * speech.rate)
    spoken = speech.samples[: len(track) - start]
    track[start : start + len(spoken)] = spoken
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.rate)
        file.writeframes(track.tobytes())


def _write_truth(
    path: Path,
    points: NDArray[np.float32],
    head_poses: Sequence[IctPose],
    closed: NDArray[np.floating],
) -> None:
    """landmarks (T, 74, 2) px; pose_deg (T, 3) yaw, pitch, roll; gaze_deg (T, 2); lids (T,)."""
    head = [(s.yaw_deg, s.pitch_deg, s.roll_deg) for s in head_poses]
    gaze = [(s.gaze_yaw_deg, s.gaze_pitch_deg) for s in head_poses]
    np.savez_compressed(
        path.with_name(f"{path.stem}_truth.npz"),
        landmarks=points,
        pose_deg=np.array(head, np.float32),
        gaze_deg=np.array(gaze, np.float32),
        lids_closed=closed.astype(np.float32),
    )
