"""Progress of a run (`Progress`), and its summary (`Report`)."""

from __future__ import annotations

import json
import platform
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from importlib import metadata
from pathlib import Path

from animate_cli.errors import Cancelled
from animate_cli.hub import WeightUsed
from animate_cli.options import Engine

PACKAGES = ("animate-cli", "torch", "opencv-python-headless", "av", "numpy", "pillow")


class Step(StrEnum):
    """The step of a run that progress counts."""

    TRACK = "tracking the driver"
    ENCODE = "reading the driver's face"
    RENDER = "animating"
    OVERLAY = "drawing the overlay"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is. total: frames expected, None if it is not known."""

    step: Step
    done: int
    total: int | None
    elapsed_s: float

    @property
    def fps(self) -> float:
        """Frames per second since this step began."""
        return self.done / self.elapsed_s if self.elapsed_s > 0 else 0.0


OnProgress = Callable[[Progress], bool | None]
"""Called after every few frames; returning False cancels the run."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Busy seconds of one stage; stages overlap, so they add up to more than the run took."""

    stage: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Version:
    """An installed package and its version."""

    package: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """The summary of one animation.

    output: file or folder written; frames: written; rate: of the output;
    fps: frames per second of pass 2; elapsed_s: of the whole run;
    lost: driver frames without a face; concealed: damaged ones, replaced by the one before;
    declared: frames that the driver's container states; anchor: the frame motion is measured from;
    engine: the library that computed the model's convolutions;
    notes: warnings for the user.
    """

    output: Path
    frames: int
    width: int
    height: int
    rate: Fraction
    duration_s: float
    fps: float
    elapsed_s: float
    lost: int
    concealed: int
    declared: int | None
    anchor: int
    device: str
    engine: Engine
    timings: tuple[Timing, ...]
    versions: tuple[Version, ...]
    weights: tuple[WeightUsed, ...]
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """One JSON object; paths and exact fractions as strings."""
        return json.dumps(asdict(self), default=str, indent=2)


class Clock:
    """Busy seconds per stage, added up from any thread."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the block takes to the stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                spent = time.perf_counter() - begun
                self._seconds[stage] = self._seconds.get(stage, 0.0) + spent

    @property
    def elapsed_s(self) -> float:
        """Seconds since the clock was made."""
        return time.perf_counter() - self._started

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The stages in the order in which they were first measured."""
        with self._lock:
            return tuple(Timing(stage=k, seconds=round(v, 4)) for k, v in self._seconds.items())


class Watch:
    """Reports each step's progress to a callback, and raises `Cancelled` if it returns False.

    clock: measures the run's stages; it starts when the watch is made.
    """

    def __init__(self, on_progress: OnProgress | None) -> None:
        self.clock = Clock()
        self._on_progress = on_progress
        self._begun: dict[Step, tuple[float, int]] = {}

    def report(self, step: Step, done: int, total: int | None) -> None:
        """Report `done` of `total` frames of a step.

        Raises:
            Cancelled: the callback asked for it.
        """
        now = time.perf_counter()
        elapsed_s = now - self._begun.setdefault(step, (now, done))[0]
        if self._on_progress is None:
            return
        progress = Progress(step=step, done=done, total=total, elapsed_s=elapsed_s)
        if self._on_progress(progress) is False:
            raise Cancelled

    def fps(self, step: Step, done: int) -> float:
        """Frames per second since the step's first report, without the frames done before it."""
        begun_s, before = self._begun[step]
        return (done - before) / max(time.perf_counter() - begun_s, 1e-9)


def versions() -> tuple[Version, ...]:
    """The installed versions of Python and of the packages that affect the result."""
    found = [Version(package="python", version=platform.python_version())]
    for package in PACKAGES:
        try:
            found.append(Version(package=package, version=metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)
