"""`--as-is`: writes label files for clips and pictures that are face squares already."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from animate_cli.data.clips import read_clip
from animate_cli.data.manifest import CLIP, IMAGE
from animate_cli.data.pictures import read_picture
from animate_cli.errors import MediaError
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.media.container.probe import probe
from animate_cli.media.target import as_output_error
from animate_cli.prepare.labels import SUFFIX, save_clip_labels, save_picture_labels
from animate_cli.prepare.manifest import ManifestLine
from animate_cli.prepare.task import FileResult, PreparePlan, PrepareTask
from animate_cli.records import Photo, Trajectory
from animate_cli.stages.portrait import find_face


def label_clip(task: PrepareTask, plan: PreparePlan, trajectory: Trajectory) -> FileResult:
    """Label every frame of a clip with its landmarks, and whether the face was found.

    Raises:
        MediaError: it is not square, damaged or stored rotated.
        OutputError: the data set cannot be written to.
    """
    path = task.source.path
    _require_stored_frames(path, trajectory)
    labels = plan.scratch / f"{task.name}{SUFFIX}"
    save_clip_labels(labels, trajectory, slice(None), trajectory.landmarks)
    line = replace(
        _line(task, plan, kind=CLIP, width=trajectory.width, height=trajectory.height),
        fps=str(float(trajectory.rate)),
        frames=len(trajectory),
        found=len(trajectory) - trajectory.lost,
    )
    return task.result(lines=(line,), lost=trajectory.lost)


def label_picture(task: PrepareTask, plan: PreparePlan, network: LandmarkDetector) -> FileResult:
    """Label a picture with its landmarks.

    Raises:
        DataError: it cannot be read.
        FaceError: no face, or not the one asked for.
        OutputError: the data set cannot be written to.
    """
    path = task.source.path
    pixels = read_picture(path)
    face = find_face(Photo(path=path, pixels=pixels), network, plan.options.faces)
    save_picture_labels(plan.scratch / f"{task.name}{SUFFIX}", face, face.landmarks)
    height, width = pixels.shape[:2]
    return task.result(lines=(_line(task, plan, kind=IMAGE, width=width, height=height),))


def _line(
    task: PrepareTask, plan: PreparePlan, *, kind: str, width: int, height: int
) -> ManifestLine:
    """Link a file into the data set, and return its manifest line."""
    path = task.source.path
    name = f"{task.name}{path.suffix}"
    _link(path, plan.scratch / name)
    return ManifestLine(
        file=name,
        kind=kind,
        origin=task.source.origin,
        width=width,
        height=height,
        sha256=task.sha256,
        source=task.source.display_name,
        source_sha256=task.sha256,
    )


def _link(path: Path, target: Path) -> None:
    """Make a hard link, or, where the file system has none, a copy."""
    with as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(path.resolve())
        except OSError:
            shutil.copyfile(path, target)


def _require_stored_frames(path: Path, trajectory: Trajectory) -> None:
    """Check that the trajectory has exactly the stored frames: labels are numbered like these.

    Raises:
        MediaError: it is not square, damaged or stored rotated.
    """
    hint = "prepare it without --as-is"
    if trajectory.width != trajectory.height:
        size = f"{trajectory.width} x {trajectory.height}"
        raise MediaError(f"{path} is {size}: not a square that was cut", hint=hint)
    is_concealed = [frame.is_concealed for frame in read_clip(path)]
    if any(is_concealed) or len(is_concealed) != len(trajectory):
        raise MediaError(f"{path} is damaged", hint=hint)
    if probe(path).rotation_deg:
        raise MediaError(f"{path} is stored turned", hint=hint)
