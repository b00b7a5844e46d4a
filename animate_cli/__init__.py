"""Make a still face photo move as the face in a video moves.

    from animate_cli import Animator
    report = Animator().animate("source.jpg", "driver.mp4", "out.mp4")
    print(report.frames, report.fps)

Names are imported when first used: `import animate_cli` alone loads neither torch nor OpenCV.
`docs/python.md` shows each entry in a few lines.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animate_cli.batch.options import (
        BatchOptions,
        BatchPairing,
        Shard,
    )
    from animate_cli.batch.status import (
        BatchObserver,
        BatchSummary,
    )
    from animate_cli.errors import (
        AnimateError,
        Cancelled,
        DataError,
        FaceError,
        InputError,
        MediaError,
        OptionError,
        OutputError,
        TrainError,
        WeightsError,
    )
    from animate_cli.evaluate.protocol import (
        Protocol,
        Scheme,
    )
    from animate_cli.evaluate.result import (
        Result,
        read_result,
    )
    from animate_cli.jobs import (
        animate_batch,
        evaluate_models,
        prepare_dataset,
        train_network,
    )
    from animate_cli.options import (
        Amounts,
        Codec,
        ComputeOptions,
        Detector,
        Engine,
        FaceOptions,
        Framing,
        Lost,
        Motion,
        MotionOptions,
        Only,
        Options,
        OutputOptions,
        ReadOptions,
        Registration,
        ResWarp,
        Stitching,
    )
    from animate_cli.pipeline import (
        Animator,
    )
    from animate_cli.prepare.options import (
        FileTreatment,
        PrepareOptions,
        Split,
    )
    from animate_cli.prepare.run import (
        PrepareSummary,
    )
    from animate_cli.records import (
        Frame,
        InputFile,
        InputFrames,
        Kind,
        Photo,
        PreparedSource,
        TrackedDriver,
        Trajectory,
    )
    from animate_cli.report import (
        Progress,
        Report,
        Step,
        Watch,
    )
    from animate_cli.stages.networks import (
        Networks,
    )
    from animate_cli.stages.open_scene import (
        OpenScene,
    )
    from animate_cli.stages.trajectories import (
        TrajectoryCache,
    )
    from animate_cli.train.engine.loop import (
        LogEntry,
        TrainingSummary,
    )
    from animate_cli.train.recipe import (
        Recipe,
        read_recipe,
    )

__version__ = "0.2.0"

__all__ = [
    "Amounts",
    "AnimateError",
    "Animator",
    "BatchObserver",
    "BatchOptions",
    "BatchPairing",
    "BatchSummary",
    "Cancelled",
    "Codec",
    "ComputeOptions",
    "DataError",
    "Detector",
    "Engine",
    "FaceError",
    "FaceOptions",
    "FileTreatment",
    "Frame",
    "Framing",
    "InputError",
    "InputFile",
    "InputFrames",
    "Kind",
    "LogEntry",
    "Lost",
    "MediaError",
    "Motion",
    "MotionOptions",
    "Networks",
    "Only",
    "OpenScene",
    "OptionError",
    "Options",
    "OutputError",
    "OutputOptions",
    "Photo",
    "PrepareOptions",
    "PrepareSummary",
    "PreparedSource",
    "Progress",
    "Protocol",
    "ReadOptions",
    "Recipe",
    "Registration",
    "Report",
    "ResWarp",
    "Result",
    "Scheme",
    "Shard",
    "Split",
    "Step",
    "Stitching",
    "TrackedDriver",
    "TrainError",
    "TrainingSummary",
    "Trajectory",
    "TrajectoryCache",
    "Watch",
    "WeightsError",
    "__version__",
    "animate_batch",
    "evaluate_models",
    "prepare_dataset",
    "read_recipe",
    "read_result",
    "train_network",
]

_HOMES = {
    "batch.options": (
        "BatchOptions",
        "BatchPairing",
        "Shard",
    ),
    "batch.status": (
        "BatchObserver",
        "BatchSummary",
    ),
    "errors": (
        "AnimateError",
        "Cancelled",
        "DataError",
        "FaceError",
        "InputError",
        "MediaError",
        "OptionError",
        "OutputError",
        "TrainError",
        "WeightsError",
    ),
    "evaluate.protocol": (
        "Protocol",
        "Scheme",
    ),
    "evaluate.result": (
        "Result",
        "read_result",
    ),
    "jobs": (
        "animate_batch",
        "evaluate_models",
        "prepare_dataset",
        "train_network",
    ),
    "options": (
        "Amounts",
        "Codec",
        "ComputeOptions",
        "Detector",
        "Engine",
        "FaceOptions",
        "Framing",
        "Lost",
        "Motion",
        "MotionOptions",
        "Only",
        "Options",
        "OutputOptions",
        "ReadOptions",
        "Registration",
        "ResWarp",
        "Stitching",
    ),
    "pipeline": ("Animator",),
    "prepare.options": (
        "FileTreatment",
        "PrepareOptions",
        "Split",
    ),
    "prepare.run": ("PrepareSummary",),
    "records": (
        "Frame",
        "InputFile",
        "InputFrames",
        "Kind",
        "Photo",
        "PreparedSource",
        "TrackedDriver",
        "Trajectory",
    ),
    "report": (
        "Progress",
        "Report",
        "Step",
        "Watch",
    ),
    "stages.networks": ("Networks",),
    "stages.open_scene": ("OpenScene",),
    "stages.trajectories": ("TrajectoryCache",),
    "train.engine.loop": (
        "LogEntry",
        "TrainingSummary",
    ),
    "train.recipe": (
        "Recipe",
        "read_recipe",
    ),
}
"""Module -> the public names that it defines."""


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
