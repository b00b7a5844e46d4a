"""`animate eval --landmarks`: errors of landmark networks against the labels of a data set."""

from __future__ import annotations

from pathlib import Path

from animate_cli.cli import console
from animate_cli.evaluate.clips.clip_pairs import read_clips
from animate_cli.evaluate.landmark_benchmark.labelled_data import labelled_clip, labelled_pictures
from animate_cli.evaluate.landmark_benchmark.protocol import LandmarkProtocol
from animate_cli.evaluate.landmark_benchmark.table import (
    LandmarkComparison,
    LandmarkEntry,
    LandmarkTable,
)
from animate_cli.evaluate.metrics.networks.external_landmarks import openseeface, pfld
from animate_cli.evaluate.protocol import Protocol
from animate_cli.faces.landmarks import network as landmarks


def score_landmarks(
    names: list[str],
    data: Path,
    split: str,
    protocol: Protocol,
    *,
    metric_weights: Path | None,
    device: str,
) -> LandmarkTable:
    """Score each network four times, on the labelled clips and pictures of a split.

    Its points are scored raw, smoothed over time, registered, then smoothed, and raw with eyes and
    mouth looked at again in patches (`faces.patch_landmarks`).

    names: registered weights, hf:// addresses or files. protocol: its cap, limit (of clips, and of
    pictures) and seed are used. metric_weights: a folder with OpenSeeFace's and PFLD's networks,
    which are then scored as references.

    Raises:
        OptionError: the split holds no clips.
        WeightsError: weights are missing.
        DataError: a clip's labels are missing or damaged.
    """
    chosen = LandmarkProtocol(frames_per_clip=protocol.cap, seed=protocol.seed)
    clips = [entry.path for entry in read_clips(data, split)][: protocol.limit or None]
    comparison = LandmarkComparison(
        _entries(names, device, chosen.smooth),
        reference=landmarks.load_landmarker(device=device),
        external=(openseeface(metric_weights), pfld(metric_weights)) if metric_weights else (),
        protocol=chosen,
    )
    for number, path in enumerate(clips, 1):
        console.info(f"{number} of {len(clips)}: {path.stem}")
        comparison.add_clip(labelled_clip(path))
    for number, picture in enumerate(labelled_pictures(data, split)):
        if protocol.limit and number >= protocol.limit:
            break
        comparison.add_picture(picture)
    return comparison.table()


def _entries(names: list[str], device: str, smooth: float) -> list[LandmarkEntry]:
    entries = []
    for name in dict.fromkeys(names):
        network = landmarks.load_landmarker(weights=name, device=device)
        entries.append(LandmarkEntry(name=name, network=network))
        entries.append(LandmarkEntry(name=f"{name} smoothed", network=network, smooth=smooth))
        entries.append(
            LandmarkEntry(
                name=f"{name} registered", network=network, registered=True, smooth=smooth
            )
        )
        refined = landmarks.load_landmarker(weights=name, second_look=True, device=device)
        entries.append(LandmarkEntry(name=f"{name} second look", network=refined))
    return entries
