"""One animation of a batch, and a hash of everything that its result depends on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from animate_cli import hub
from animate_cli.digest import sha256_of
from animate_cli.errors import AnimateError
from animate_cli.options import ComputeOptions, MotionOptions, Options
from animate_cli.typed import plain

UNREADABLE = "unreadable"
_NETWORKS = ("landmarks", "shape")  # used with every model


@dataclass(frozen=True, kw_only=True)
class Job:
    """One animation. name: the output's path inside the batch's folder, with /; it is unique."""

    name: str
    source: Path
    driver: Path
    output: Path
    options: Options


class Digests:
    """SHA-256 of files, folders and weights, each read once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._weights: dict[tuple[str, str | None], list[str]] = {}

    def of(self, path: Path) -> str:
        """The SHA-256 of a file or folder; UNREADABLE if it cannot be read."""
        if path not in self._known:
            self._known[path] = _digest(path)
        return self._known[path]

    def of_weights(self, motion: MotionOptions) -> list[str]:
        """The SHA-256 of all weights that these options use."""
        key = motion.model, motion.weights
        if key not in self._weights:
            self._weights[key] = _weights(motion)
        return self._weights[key]


def fingerprint(job: Job, digests: Digests) -> str:
    """A hash of the inputs' bytes, the options and the weights.

    It does not depend on the inputs' paths, nor on threads, device or limits on reading.
    """
    options = job.options
    sound = options.output.audio
    content = {
        "source": digests.of(job.source),
        "driver": digests.of(job.driver),
        "audio": digests.of(Path(sound)) if sound not in ("driver", "none") else sound,
        "options": plain(_relevant_options(options)),
        "weights": digests.of_weights(options.motion),
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _relevant_options(options: Options) -> Options:
    read, output = type(options.read), type(options.output)
    return replace(
        options,
        read=replace(options.read, max_pixels=read.max_pixels, max_duration_s=read.max_duration_s),
        output=replace(options.output, overwrite=output.overwrite, audio=output.audio),
        compute=ComputeOptions(seed=options.compute.seed),
    )


def _weights(motion: MotionOptions) -> list[str]:
    try:
        chosen = hub.used_by(motion.model, motion.weights)
        return [one.sha256 for one in (*map(hub.used, _NETWORKS), *chosen)]
    except (AnimateError, OSError) as error:  # the job will report it
        return [f"{UNREADABLE}: {error}"]


def _digest(path: Path) -> str:
    try:
        is_ours = path.is_file() or path.is_dir()  # neither pipes nor devices, which never end
        return sha256_of(path) if is_ours else UNREADABLE
    except OSError:
        return UNREADABLE
