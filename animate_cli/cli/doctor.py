"""`animate doctor`: lists versions, codecs, devices and weights, and how to get missing ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import metadata

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
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


class CheckStatus(StrEnum):
    """The result of a check. BROKEN: `animate run` cannot work; OPTIONAL: it works without this."""

    OK = "ok"
    OPTIONAL = "optional"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One line of the report. hint: how to get what is missing."""

    topic: str
    verdict: CheckStatus
    text: str
    hint: str = ""


@takes_options("compute", "output.overwrite")
@takes_json
def doctor(
    *,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """Check this machine: versions, codecs, devices, weights. Exit 1 if `run` cannot work."""
    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite)
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
    report = json.dumps([asdict(finding) for finding in findings], indent=2)
    json_output.write(report, overwrite=overwrite)
    if not json_output.on_stdout:
        for finding in findings:
            console.result(_line(finding))
    if any(finding.verdict is CheckStatus.BROKEN for finding in findings):
        raise typer.Exit(1)


def _line(finding: CheckResult) -> str:
    text = f"{finding.verdict:<9} {finding.topic:<9} {finding.text}"
    return f"{text}\n{'':<20}-> {finding.hint}" if finding.hint else text


def _versions() -> Iterator[CheckResult]:
    from animate_cli.report import versions

    for one in versions():
        yield CheckResult(
            topic="version", verdict=CheckStatus.OK, text=f"{one.package} {one.version}"
        )


def _opencv() -> Iterator[CheckResult]:
    found = [name for name in OPENCV if _version(name)]
    if len(found) > 1:
        yield CheckResult(
            topic="opencv",
            verdict=CheckStatus.BROKEN,
            text=f"{' and '.join(found)} overwrite each other's files",
            hint=f"pip uninstall -y {' '.join(found)} && "
            "pip install 'opencv-python-headless>=4.10,<5'",
        )
    import cv2

    if not hasattr(cv2, "CascadeClassifier"):
        yield CheckResult(
            topic="opencv",
            verdict=CheckStatus.BROKEN,
            text=f"OpenCV {cv2.__version__} has no Viola-Jones cascades",
            hint="pip install 'opencv-python-headless>=4.10,<5'",
        )


def _codecs() -> Iterator[CheckResult]:
    import av

    from animate_cli.media.codecs import RECIPES

    for codec, recipe in RECIPES.items():
        encoder, is_there = recipe.encoder, recipe.encoder in av.codecs_available
        yield CheckResult(
            topic="codec",
            verdict=CheckStatus.OK if is_there else _missing_codec(codec),
            text=f"{codec} by {encoder}{'' if is_there else ' is not in this build of PyAV'}",
            hint="" if is_there else "pip install --force-reinstall av (the wheel has it)",
        )
    executable = shutil.which("ffmpeg")
    yield CheckResult(
        topic="codec",
        verdict=CheckStatus.OK if executable else CheckStatus.OPTIONAL,
        text=f"ffmpeg executable: {executable or 'none'}",
        hint="" if executable else "only --encoder (hardware encoders) needs one",
    )


def _missing_codec(codec: Codec) -> CheckStatus:
    is_default = codec is Options().output.codec
    return CheckStatus.BROKEN if is_default else CheckStatus.OPTIONAL


def _devices(options: Options) -> Iterator[CheckResult]:
    from animate_cli.device import devices, resolve, thread_count

    threads = thread_count(options.compute.threads)
    text = f"{', '.join(devices())}; {threads} threads"
    yield CheckResult(topic="device", verdict=CheckStatus.OK, text=text)
    try:
        chosen = f"--device {options.compute.device} is {resolve(options.compute.device)}"
        yield CheckResult(topic="device", verdict=CheckStatus.OK, text=chosen)
    except AnimateError as error:
        verdict = CheckStatus.BROKEN
        yield CheckResult(topic="device", verdict=verdict, text=error.message, hint=error.hint)


def _engine(options: Options) -> Iterator[CheckResult]:
    from animate_cli.layers.inference.engine import choose, installed

    yield CheckResult(topic="engine", verdict=CheckStatus.OK, text=", ".join(installed()))
    try:
        chosen = choose(options.compute.engine, "cpu")
        text = f"--engine {options.compute.engine} is {chosen}"
        yield CheckResult(topic="engine", verdict=CheckStatus.OK, text=text)
    except AnimateError as error:
        verdict = CheckStatus.BROKEN
        yield CheckResult(topic="engine", verdict=verdict, text=error.message, hint=error.hint)


def _weights() -> Iterator[CheckResult]:
    for entry in hub.registry():
        broken = CheckStatus.BROKEN if entry.repo is None else CheckStatus.OPTIONAL
        try:
            state, advice = hub.state(entry.name), hub.advice(entry.name)
            if state is hub.WeightState.MISSING and entry.repo is not None:
                advice = f"animate weights fetch {entry.name}"
        except AnimateError as error:
            yield CheckResult(topic="weights", verdict=broken, text=error.message, hint=error.hint)
            continue
        where = hub.cached_path(entry.name, entry.files[0].part) if not advice else state
        verdict = broken if advice else CheckStatus.OK
        yield CheckResult(
            topic="weights", verdict=verdict, text=f"{entry.name}: {where}", hint=advice
        )


def _extras() -> Iterator[CheckResult]:
    for extra, package in EXTRAS.items():
        version = _version(package)
        yield CheckResult(
            topic="extra",
            verdict=CheckStatus.OK if version else CheckStatus.OPTIONAL,
            text=f"{extra}: {package} {version or 'is not installed'}",
            hint="" if version else f"pip install 'animate-cli[{extra}]'",
        )


def _folders() -> Iterator[CheckResult]:
    for name, path in (("weights cache", hub.cache_dir()), ("user config", hub.config_dir())):
        yield CheckResult(topic="folder", verdict=CheckStatus.OK, text=f"{name}: {path}")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
