"""What others may rely on: the names, the three lines, and that importing them costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from toy_world import ToyWorld

import animate_cli
from animate_cli import Animator, Options

NAMES = [
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


def test_public_names_are_pinned() -> None:
    assert sorted(animate_cli.__all__) == NAMES
    for name in NAMES:
        assert getattr(animate_cli, name) is not None
    assert set(NAMES) <= set(dir(animate_cli))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = animate_cli.nonsense


def test_public_signatures_are_pinned() -> None:
    def parameters(function: object) -> list[str]:
        return list(inspect.signature(function).parameters)  # type: ignore[arg-type]

    assert parameters(Animator) == ["options", "trajectories", "networks"]
    assert parameters(Animator.animate) == [
        *("self", "source", "driver", "output", "segments", "on_progress"),
    ]
    assert parameters(Animator.frames) == ["self", "source", "driver"]
    assert parameters(Animator.track) == ["self", "driver", "output", "overlay", "on_progress"]
    assert parameters(Animator.prepare_source) == ["self", "source", "face", "device"]
    assert parameters(Animator.prepare_driver) == ["self", "driver", "watch", "device"]
    assert parameters(Animator.open_scene) == ["self", "source", "driver", "watch", "device"]
    assert parameters(animate_cli.animate_batch) == [
        *("sources", "drivers", "output", "options"),
        *("batch", "pairing", "name", "shard", "observer"),
    ]
    assert parameters(animate_cli.prepare_dataset)[:4] == ["inputs", "output", "choices", "options"]
    assert parameters(animate_cli.train_network) == [
        *("recipe", "output", "data", "steps", "compute", "on_log"),
    ]
    assert parameters(animate_cli.evaluate_models) == [
        *("data", "models", "split", "scheme", "protocol"),
        *("compute", "metric_weights", "observer"),
    ]


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, animate_cli\n"
        "from animate_cli import Options, AnimateError, Only, Engine, InputFrames, BatchOptions\n"
        "from animate_cli import PrepareOptions, Protocol, Recipe, Split, Scheme\n"
        "heavy = {'torch', 'cv2', 'av', 'PIL', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_three_lines(toy: ToyWorld) -> None:
    source, driver = str(toy.photo()), str(toy.driver(frames=4))

    from animate_cli import Animator

    report = Animator().animate(source, driver, "out.mp4")
    assert (report.output, report.frames) == (Path("out.mp4"), 4)


def test_options_of_no_one_are_shared() -> None:
    assert Animator().options == Options()
    assert Animator().options is not Animator().options
