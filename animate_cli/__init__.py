"""Make a still face photo move as the face in a video moves.

    from animate_cli import Animator
    report = Animator().animate("source.jpg", "driver.mp4", "out.mp4")
    print(report.frames, report.fps)

Names are imported when first used: `import animate_cli` alone loads neither torch nor OpenCV.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    from animate_cli.options import (
        Codec,
        ComputeOptions,
        Detector,
        FaceOptions,
        Framing,
        Lost,
        Motion,
        MotionOptions,
        Options,
        OutputOptions,
        ReadOptions,
        ResWarp,
    )
    from animate_cli.pipeline import Animator
    from animate_cli.records import Frame, Trajectory
    from animate_cli.report import Progress, Report, Step

__version__ = "0.2.0"

__all__ = [
    "AnimateError",
    "Animator",
    "Cancelled",
    "Codec",
    "ComputeOptions",
    "DataError",
    "Detector",
    "FaceError",
    "FaceOptions",
    "Frame",
    "Framing",
    "InputError",
    "Lost",
    "MediaError",
    "Motion",
    "MotionOptions",
    "OptionError",
    "Options",
    "OutputError",
    "OutputOptions",
    "Progress",
    "ReadOptions",
    "Report",
    "ResWarp",
    "Step",
    "TrainError",
    "Trajectory",
    "WeightsError",
    "__version__",
]

_HOMES = ("errors", "options", "records", "report", "pipeline")  # the cheap ones first


def __getattr__(name: str) -> object:
    if name in __all__:
        for home in _HOMES:
            module = importlib.import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
