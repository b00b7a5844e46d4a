"""Keys and types, without values, of the JSON that each command prints."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
from golden_store import ROOT
from typer.testing import CliRunner

from animate_cli.cli.app import app

TREES = "json_keys.json"
PHOTO_PX, CLIP_PX, CLIP_FRAMES = 160, 128, 12
CHEAP = ("--threads", "1", "--duration", "0.12", "--model", "thin_plate")


def kinds(value: object) -> object:
    """A dict by key, a list as the kinds that are in it, and else a type's name."""
    if isinstance(value, dict):
        return {key: kinds(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        found: list[object] = []
        for one in map(kinds, value):
            if one not in found:
                found.append(one)
        return sorted(found, key=lambda kind: json.dumps(kind, sort_keys=True))
    return type(value).__name__


def command(*words: str, exits: tuple[int, ...] = (0,)) -> str:
    """What a command prints to stdout."""
    answer = CliRunner().invoke(app, words, env={"NO_COLOR": "1"})
    assert answer.exit_code in exits, answer.output
    return answer.stdout


def _run() -> str:
    return command("run", "photo.png", "-d", "driver.mp4", "-o", "a.mp4", "--json", *CHEAP)


def _batch(*words: str) -> str:
    job = ("batch", "photo.png", "-d", "driver.mp4", "-o", "results", "-j", "1")
    return command(*job, *words, "--json", *CHEAP)


def _track() -> str:
    words = ("--threads", "1", "--duration", "0.12", "--json")
    return command("track", "driver.mp4", "-o", "motion.npz", *words)


def _bench() -> str:
    return command("bench", "photo.png", "-d", "driver.mp4", "--rounds", "1", "--json", *CHEAP)


def _doctor() -> str:
    return command("doctor", "--json", exits=(0, 1))


def _weights() -> str:
    return command("weights", "list", "--json")


def _prepare() -> str:
    sizes = ("--size", "64", "--least-px", "32", "--least-frames", "4")
    words = ("--threads", "1", "--split", "val", "--json")
    return command("prepare", "clips/one.mp4", "-o", "set", *sizes, *words)


def _eval() -> str:
    words = ("--data", "clips", "--stride", "8", "--threads", "1")
    return command("eval", *words, "--json", "--json-to", "scores.json")


def _compare() -> str:
    return command(*("compare", "scores.json", "scores.json", "--b", "still", "--json"))


def _landmark_scores() -> str:
    words = ("--data", "set", "--stride", "8", "--threads", "1")
    return command("eval", "--landmarks", "landmarks", *words, "--json")


COMMANDS: dict[str, Callable[[], str]] = {
    "run": _run,
    "batch --dry-run": lambda: _batch("--dry-run"),
    "batch": _batch,
    "track": _track,
    "bench": _bench,
    "doctor": _doctor,
    "weights list": _weights,
    "prepare": _prepare,
    "eval": _eval,
    "compare": _compare,
    "eval --landmarks": _landmark_scores,
}
"""In this order, because some read the output of earlier ones."""


def lay_out(folder: Path) -> None:
    """A small portrait, a driver, and two short clips of it."""
    photo = cv2.imread(str(ROOT / "examples/portrait.png"), cv2.IMREAD_COLOR)
    small = cv2.resize(photo, (PHOTO_PX, PHOTO_PX), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folder / "photo.png"), small)
    shutil.copy(ROOT / "examples/driver.mp4", folder / "driver.mp4")
    with av.open(str(folder / "driver.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    (folder / "clips").mkdir()
    for name, start in (("one", 50), ("two", 100)):
        with av.open(str(folder / f"clips/{name}.mp4"), "w") as container:
            stream = container.add_stream("libx264", 25, options={"crf": "12"})
            stream.width, stream.height, stream.pix_fmt = CLIP_PX, CLIP_PX, "yuv420p"
            for frame in frames[start : start + CLIP_FRAMES]:
                shown = cv2.resize(frame, (CLIP_PX, CLIP_PX), interpolation=cv2.INTER_AREA)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, "rgb24")))
            container.mux(stream.encode())


def trees(folder: Path) -> dict[str, object]:
    """Every command's tree; works in `folder`."""
    lay_out(folder)
    with contextlib.chdir(folder):
        return {name: kinds(json.loads(ask())) for name, ask in COMMANDS.items()}
