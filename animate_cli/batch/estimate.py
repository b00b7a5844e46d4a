"""`--dry-run`: estimates the number of jobs, frames, seconds and bytes of a batch.

Speed and size per pixel are those of earlier jobs in the journal, if there are any, else those
measured on two cores with the example (H.264, CRF 18).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image as Pillow

from animate_cli.batch.job import Job
from animate_cli.batch.journal import JournalHistory, JournalRow, State
from animate_cli.batch.plan import BatchPlan
from animate_cli.errors import AnimateError
from animate_cli.faces.paste import output_scale
from animate_cli.faces.tracking.template import load_template
from animate_cli.media.container.kind import Kind, kind_of
from animate_cli.media.container.probe import probe
from animate_cli.media.images.image_readers import FOLDER_RATE, numbered_pictures
from animate_cli.options import ReadOptions

TRACK_S = 0.012  # seconds of one core, per driver frame
FRAME_S = 0.006  # seconds of one core, per frame of the result ...
MEGAPIXEL_S = 0.0075  # ... and per million pixels of it
OPEN_S = 4.0  # seconds until a worker has started
PIXEL_BYTES = 0.012  # bytes per pixel of an encoded frame


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The estimated cost of the jobs that are still to do.

    jobs, sources, drivers: their numbers; done_before: jobs done by earlier runs; frames, bytes: of
    all results together; unreadable: inputs whose jobs will fail.
    """

    jobs: int
    sources: int
    drivers: int
    done_before: int
    frames: int
    seconds: float
    bytes: int
    bytes_free: int
    unreadable: tuple[str, ...]

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(asdict(self), indent=2)


def estimate(
    plan: BatchPlan, todo: Iterable[Job], *, before: int, past: JournalHistory, workers: int
) -> Estimate:
    """Read the header of every input once, and add up the cost of all jobs.

    before: jobs done by earlier runs; past: the journals' rows, for the speed of this machine.
    """
    todo = tuple(todo)
    frames = {driver: _frames(driver, read) for driver, read in _drivers(todo).items()}
    sizes = {source: _pixels(source) for source in {job.source for job in todo}}
    time_factor, bytes_each = _measured_rates(past.last.values())
    total, seconds, size = 0, 0.0, 0.0
    for job in todo:
        count, pixels = frames[job.driver], sizes[job.source]
        if count is None or pixels is None:
            continue
        megapixels = _output_pixels(job, pixels) / 1e6
        total += count
        seconds += count * (FRAME_S + MEGAPIXEL_S * megapixels) * time_factor
        size += count * megapixels * 1e6 * bytes_each
    seconds += sum(count or 0 for count in frames.values()) * TRACK_S * time_factor
    bad = [path for path, count in {**frames, **sizes}.items() if count is None]
    return Estimate(
        jobs=len(todo),
        sources=len(sizes),
        drivers=len(frames),
        done_before=before,
        frames=total,
        seconds=round(seconds / workers + (OPEN_S if todo else 0.0), 1),
        bytes=round(size),
        bytes_free=_free(plan.folder),
        unreadable=tuple(sorted(map(str, bad))),
    )


def _drivers(jobs: Iterable[Job]) -> dict[Path, ReadOptions]:
    return {job.driver: job.options.read for job in jobs}


def _frames(driver: Path, read: ReadOptions) -> int | None:
    """The number of a driver's frames that are used; None if it cannot be read."""
    try:
        kind = kind_of(driver)
        if kind is Kind.IMAGE:
            return 1
        count, rate = _length(driver, kind, read)
    except (AnimateError, OSError):
        return None
    count = max(count - round(read.start_s * rate), 0)
    return count if read.duration_s is None else min(count, round(read.duration_s * rate))


def _length(driver: Path, kind: Kind, read: ReadOptions) -> tuple[int, Fraction]:
    """The number of frames of a whole driver, and its frame rate."""
    if kind is Kind.TEMPLATE:
        trajectory = load_template(driver)
        return len(trajectory), trajectory.rate
    if kind is Kind.FRAMES:
        return len(numbered_pictures(driver)), FOLDER_RATE
    info = probe(driver, max_pixels=read.max_pixels)
    return info.frames or round((info.duration_s or 0) * info.rate), info.rate


def _pixels(source: Path) -> tuple[int, int] | None:
    """Width and height from a picture's header; None if it cannot be read."""
    try:
        with Pillow.open(source) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return None


def _output_pixels(job: Job, size: tuple[int, int]) -> int:
    try:
        width, height = output_scale(job.options.output.size, *size)
    except AnimateError:  # the job will report it
        width, height = size
    return width * height


def _measured_rates(rows: Iterable[JournalRow]) -> tuple[float, float]:
    """Rates of earlier jobs: seconds as a multiple of the constants above, and bytes per pixel."""
    done = [row for row in rows if row.state is State.DONE and row.frames and row.megapixels]
    usual_s = sum(r.frames * (TRACK_S + FRAME_S + MEGAPIXEL_S * r.megapixels) for r in done)
    pixels = sum(row.frames * row.megapixels for row in done) * 1e6
    if not done:
        return 1.0, PIXEL_BYTES
    return sum(row.elapsed_s for row in done) / usual_s, sum(row.bytes for row in done) / pixels


def _free(folder: Path) -> int:
    """Free bytes on the disk of the folder, which may not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0
