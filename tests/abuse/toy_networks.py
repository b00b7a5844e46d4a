"""A worker of a batch with the real pipeline, except the landmark network and the detector."""

from __future__ import annotations

import sys
from pathlib import Path

from animate_cli.batch.worker import JobResult, JobTask, Work, make_animation_work
from animate_cli.report import OnProgress

PEAK = "peak.kib"


def peak_kib() -> int:
    """The most memory that this process ever held, in KiB.

    On Linux `ru_maxrss` is no less than what the parent held when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1])
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # macOS counts bytes


def open_toy_networks() -> Work:
    """Faces are magenta discs. The most memory ever held is written beside the outputs' folder."""
    sys.path.append(str(Path(__file__).parents[1]))
    from toy_world import ToyLandmarker, ToyProposer

    from animate_cli.faces.landmarks import network as landmarks
    from animate_cli.stages import networks

    landmarks.load_landmarker = lambda **_: ToyLandmarker()
    networks.make_proposer = lambda _: ToyProposer()
    real = make_animation_work()

    def work(task: JobTask, on_progress: OnProgress) -> JobResult:
        try:
            return real(task, on_progress)
        finally:
            log = task.segments.parent.parent / PEAK
            with log.open("a") as file:
                file.write(f"{peak_kib()} {task.job.name}\n")

    return work
