"""Cuts face squares from raw videos and pictures, resizes and encodes them, writes labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

from animate_cli import __version__
from animate_cli.data.manifest import CLIP, IMAGE
from animate_cli.digest import sha256_of
from animate_cli.errors import FaceError, MediaError
from animate_cli.faces.crop import cut, face_square, rescale, to_crop
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.media.images.image import read_photo, write_image
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.target import as_output_error
from animate_cli.media.writer import open_writer
from animate_cli.options import Codec, OutputOptions
from animate_cli.prepare.clip_spans import ClipSpan, find_spans
from animate_cli.prepare.labels import SUFFIX, save_clip_labels, save_picture_labels
from animate_cli.prepare.manifest import ManifestLine
from animate_cli.prepare.task import FileResult, PreparePlan, PrepareTask
from animate_cli.records import Crop, Frame, Trajectory
from animate_cli.stages.portrait import find_face, over_background

ENCODING = OutputOptions(codec=Codec.H264, crf=18, audio="none")
CLIP_SUFFIX, PICTURE_SUFFIX = ".mp4", ".png"
REAL = Marking(
    version=__version__, model="", source_sha256="", synthetic=False, digital_source_type=""
)


def cut_clips(
    task: PrepareTask, plan: PreparePlan, trajectory: Trajectory, *, threads: int
) -> FileResult:
    """Cut one clip for each stretch in which the face stays near its first box.

    Raises:
        MediaError: the video cannot be read, or changed since it was tracked.
        OutputError: the data set cannot be written to.
    """
    found = find_spans(trajectory, plan.choices)
    cutter = _Cutter(task=task, plan=plan, trajectory=trajectory, threads=threads)
    lines = []
    read = 0
    with open_driver(task.source.path, plan.options.read, threads=threads) as reader:
        frames = iter(reader)
        for number, span in enumerate(found.spans):
            span_frames = islice(frames, span.start - read, span.stop - read)
            lines.append(cutter.clip(f"{task.name}-{number:02d}", span, span_frames))
            read = span.stop
    return task.result(
        lines=tuple(lines), short=found.short, small=found.small, lost=trajectory.lost
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cutter:
    """Cuts clips out of one tracked video."""

    task: PrepareTask
    plan: PreparePlan
    trajectory: Trajectory
    threads: int

    def clip(self, name: str, span: ClipSpan, frames: Iterator[Frame]) -> ManifestLine:
        path = self.plan.scratch / f"{name}{CLIP_SUFFIX}"
        with as_output_error(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._write(path, span, frames)
        part, square = slice(span.start, span.stop), rescale(span.square, self.plan.choices.size)
        points = to_crop(self.trajectory.landmarks[part], square)
        save_clip_labels(path.with_suffix(SUFFIX), self.trajectory, part, points)
        where = _where(span.square, self.trajectory.width, self.trajectory.height)
        return _line(
            self.task,
            self.plan,
            path,
            kind=CLIP,
            detail=f"{where} frames {span.start}:{span.stop}",
            rate=self.trajectory.rate,
            frames=len(span),
        )

    def _write(self, path: Path, span: ClipSpan, frames: Iterator[Frame]) -> None:
        size, times_s = self.plan.choices.size, self.trajectory.times_s
        with open_writer(
            path,
            width=size,
            height=size,
            rate=self.trajectory.rate,
            options=ENCODING,
            marking=_marking(self.task),
            threads=self.threads,
        ) as writer:
            for frame in frames:
                pixels = cut(frame.pixels, span.square, size)
                writer.write(pixels, frame.time_s - times_s[span.start])
            if writer.frames != len(span):
                raise MediaError(
                    f"{self.task.source.path} does not give the same frames twice",
                    hint="see that nothing writes to it meanwhile",
                )


def cut_picture(task: PrepareTask, plan: PreparePlan, network: LandmarkDetector) -> FileResult:
    """Cut the same face square that `animate run` uses, around the face that the options choose.

    Raises:
        MediaError: the picture cannot be read.
        FaceError: no face, or not the one asked for, or it is too small.
        OutputError: the data set cannot be written to.
    """
    o, size = plan.options, plan.choices.size
    photo = read_photo(task.source.path, max_pixels=o.read.max_pixels)
    photo = over_background(photo, o.output.background)
    face = find_face(photo, network, o.faces)
    height, width = photo.pixels.shape[:2]
    square = face_square(face.landmarks, width, height)
    least = max(plan.choices.least_px, size)
    if square.size < least:
        raise FaceError(
            f"{photo.path}: the face's square has {square.size} pixels, less than {least}",
            hint="give a larger picture, or ask for less with --size and --least-px",
        )
    path = plan.scratch / f"{task.name}{PICTURE_SUFFIX}"
    with as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, cut(photo.pixels, square, size), marking=_marking(task))
    points = to_crop(face.landmarks, rescale(square, size))
    save_picture_labels(path.with_suffix(SUFFIX), face, points)
    detail = _where(square, width, height)
    return task.result(lines=(_line(task, plan, path, kind=IMAGE, detail=detail),))


def _marking(task: PrepareTask) -> Marking:
    """The provenance of a clip: its source's marking; if there is none, "not synthetic"."""
    marking = read_marking(task.source.path) or REAL
    return replace(marking, source_sha256=task.sha256)


def _where(square: Crop, width: int, height: int) -> str:
    """The crop in pixels of the source, as text."""
    left, top = (round(float(offset)) for offset in square.crop_to_frame[:, 2])
    return f"src {width}x{height} crop {left},{top},{square.size}"


def _line(
    task: PrepareTask,
    plan: PreparePlan,
    path: Path,
    *,
    kind: str,
    detail: str,
    rate: Fraction | None = None,
    frames: int | None = None,
) -> ManifestLine:
    return ManifestLine(
        file=path.relative_to(plan.scratch).as_posix(),
        kind=kind,
        origin=replace(task.source.origin, detail=detail),
        width=plan.choices.size,
        height=plan.choices.size,
        sha256=sha256_of(path),
        source=task.source.display_name,
        source_sha256=task.sha256,
        fps="" if rate is None else str(float(rate)),
        frames=frames,
        found=frames,
    )
