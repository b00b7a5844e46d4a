"""`animate doctor`: what this machine can do, what is missing, and how to get it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata
from typing import Annotated

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.errors import AnimateError
from animate_cli.options import Codec, Options

OPENCV = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
EXTRAS = {
    "dlib": "dlib-bin",
    "ffmpeg": "ffmpeg-python",
    "heic": "pillow-heif",
    "onnx": "onnxruntime",
    "openvino": "openvino",
}


class Verdict(StrEnum):
    """How a finding matters."""

    OK = "ok"
    OPTIONAL = "optional"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the diagnosis; hint says how to get what is missing."""

    topic: str
    verdict: Verdict
    text: str
    hint: str = ""


@takes_options("compute")
def doctor(
    *,
    options: Options,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine can do; exit 1 if the main job cannot run."""
    findings = [
        *_versions(),
        *_opencv(),
        *_codecs(),
        *_devices(options),
        *_engine(options),
        *_weights(),
        *_extras(),
        *_folders(),
    ]
    if as_json:
        console.result(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            console.result(_line(finding))
    if any(finding.verdict is Verdict.BROKEN for finding in findings):
        raise typer.Exit(1)


def _line(finding: Finding) -> str:
    text = f"{finding.verdict:<9} {finding.topic:<9} {finding.text}"
    return f"{text}\n{'':<20}-> {finding.hint}" if finding.hint else text


def _versions() -> Iterator[Finding]:
    from animate_cli.report import versions

    for one in versions():
        yield Finding(topic="version", verdict=Verdict.OK, text=f"{one.package} {one.version}")


def _opencv() -> Iterator[Finding]:
    found = [name for name in OPENCV if _version(name)]
    if len(found) > 1:
        yield Finding(
            topic="opencv",
            verdict=Verdict.BROKEN,
            text=f"{' and '.join(found)} overwrite each other's files",
            hint=f"pip uninstall -y {' '.join(found)} && "
            "pip install 'opencv-python-headless>=4.10,<5'",
        )
    import cv2

    if not hasattr(cv2, "CascadeClassifier"):
        yield Finding(
            topic="opencv",
            verdict=Verdict.BROKEN,
            text=f"OpenCV {cv2.__version__} has no Viola-Jones cascades",
            hint="pip install 'opencv-python-headless>=4.10,<5'",
        )


def _codecs() -> Iterator[Finding]:
    import av

    from animate_cli.media.codecs import RECIPES

    for codec, recipe in RECIPES.items():
        encoder, is_there = recipe.encoder, recipe.encoder in av.codecs_available
        yield Finding(
            topic="codec",
            verdict=Verdict.OK if is_there else _missing_codec(codec),
            text=f"{codec} by {encoder}{'' if is_there else ' is not in this build of PyAV'}",
            hint="" if is_there else "pip install --force-reinstall av (the wheel has it)",
        )
    executable = shutil.which("ffmpeg")
    yield Finding(
        topic="codec",
        verdict=Verdict.OK if executable else Verdict.OPTIONAL,
        text=f"ffmpeg executable: {executable or 'none'}",
        hint="" if executable else "only --encoder (hardware encoders) needs one",
    )


def _missing_codec(codec: Codec) -> Verdict:
    is_default = codec is Options().output.codec
    return Verdict.BROKEN if is_default else Verdict.OPTIONAL


def _devices(options: Options) -> Iterator[Finding]:
    from animate_cli.device import devices, resolve, thread_count

    threads = thread_count(options.compute.threads)
    text = f"{', '.join(devices())}; {threads} threads"
    yield Finding(topic="device", verdict=Verdict.OK, text=text)
    try:
        chosen = f"--device {options.compute.device} is {resolve(options.compute.device)}"
        yield Finding(topic="device", verdict=Verdict.OK, text=chosen)
    except AnimateError as error:
        verdict = Verdict.BROKEN
        yield Finding(topic="device", verdict=verdict, text=error.message, hint=error.hint)


def _engine(options: Options) -> Iterator[Finding]:
    from animate_cli.layers.inference.engine import choose, installed

    yield Finding(topic="engine", verdict=Verdict.OK, text=", ".join(installed()))
    try:
        chosen = choose(options.compute.engine, "cpu")
        text = f"--engine {options.compute.engine} is {chosen}"
        yield Finding(topic="engine", verdict=Verdict.OK, text=text)
    except AnimateError as error:
        verdict = Verdict.BROKEN
        yield Finding(topic="engine", verdict=verdict, text=error.message, hint=error.hint)


def _weights() -> Iterator[Finding]:
    for entry in hub.registry():
        broken = Verdict.BROKEN if entry.repo is None else Verdict.OPTIONAL
        try:
            state, advice = hub.state(entry.name), hub.advice(entry.name)
            if state is hub.WeightState.MISSING and entry.repo is not None:
                advice = f"animate weights fetch {entry.name}"
        except AnimateError as error:
            yield Finding(topic="weights", verdict=broken, text=error.message, hint=error.hint)
            continue
        where = hub.cached_path(entry.name, entry.files[0].part) if not advice else state
        verdict = broken if advice else Verdict.OK
        yield Finding(topic="weights", verdict=verdict, text=f"{entry.name}: {where}", hint=advice)


def _extras() -> Iterator[Finding]:
    for extra, package in EXTRAS.items():
        version = _version(package)
        yield Finding(
            topic="extra",
            verdict=Verdict.OK if version else Verdict.OPTIONAL,
            text=f"{extra}: {package} {version or 'is not installed'}",
            hint="" if version else f"pip install 'animate-cli[{extra}]'",
        )


def _folders() -> Iterator[Finding]:
    for name, path in (("weights cache", hub.cache_dir()), ("user config", hub.config_dir())):
        yield Finding(topic="folder", verdict=Verdict.OK, text=f"{name}: {path}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
