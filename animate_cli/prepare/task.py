"""The task and the result of one source file of a preparation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from animate_cli import hub
from animate_cli.data.manifest import CLIP, IMAGE
from animate_cli.digest import sha256_of
from animate_cli.options import Options
from animate_cli.prepare.manifest import ManifestLine
from animate_cli.prepare.options import FileTreatment, PrepareOptions
from animate_cli.prepare.sources import SourceFile
from animate_cli.typed import plain

VERSION = 1  # of the format of results: files of another version are made again
FOLDERS = {CLIP: "clips", IMAGE: "images"}
NETWORK = "landmarks"


@dataclass(frozen=True, kw_only=True)
class PreparePlan:
    """The options for all files. scratch: the folder for this run's unfinished files."""

    choices: PrepareOptions
    options: Options
    scratch: Path


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """The clips or picture made from one file; a line of the journal.

    key, source_sha256: of the task; source: its name, for people to read; lines: of the manifest;
    refused: why the file could not be used; short, small: frames left out because their stretch
    was too short, or the face too small; lost: frames without the face.
    """

    key: str
    source: str
    source_sha256: str
    lines: tuple[ManifestLine, ...] = ()
    refused: str = ""
    short: int = 0
    small: int = 0
    lost: int = 0


@dataclass(frozen=True, kw_only=True)
class PrepareTask:
    """One file to prepare.

    sha256: of the file's bytes; name: of its clips or picture in the data set, without suffix; key:
    a hash of everything that the result depends on.
    """

    source: SourceFile
    sha256: str
    name: str
    key: str

    def result(
        self,
        *,
        lines: tuple[ManifestLine, ...] = (),
        refused: str = "",
        short: int = 0,
        small: int = 0,
        lost: int = 0,
    ) -> FileResult:
        """The result of this task."""
        return FileResult(
            key=self.key,
            source=self.source.display_name,
            source_sha256=self.sha256,
            lines=lines,
            refused=refused,
            short=short,
            small=small,
            lost=lost,
        )


def task_of(source: SourceFile, choices: PrepareOptions, options: Options) -> PrepareTask:
    """The task of a source file; reads its bytes once.

    Raises:
        WeightsError: the landmark network's weights are not here.
    """
    sha256 = sha256_of(source.path)
    faces = options.faces
    settings = plain(choices)
    for field in ("identity_from", "split", "terms", "licence", "jobs"):
        del settings[field]  # in the origin already; the number of processes changes nothing
    depends_on = {
        "version": VERSION,
        "sha256": sha256,
        "kind": source.kind,
        "origin": plain(source.origin),
        "choices": settings,
        "faces": [
            *(faces.detector, faces.face, faces.driver_face),
            *(faces.lost, faces.registration, faces.smooth),
        ],
        "landmarks": hub.used(NETWORK).sha256,
    }
    name = _name(source, sha256, choices.treatment)
    text = json.dumps([name, depends_on], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    return PrepareTask(source=source, sha256=sha256, name=name, key=key)


def _name(source: SourceFile, sha256: str, treatment: FileTreatment) -> str:
    """The name of the results: a listed file's own with --as-is, else a unique one with a hash."""
    if source.listed and treatment is FileTreatment.AS_IS:
        return PurePosixPath(source.listed).with_suffix("").as_posix()
    folder = FOLDERS[source.kind]
    return f"{folder}/{source.origin.split}/{source.path.stem}-{sha256[:8]}"


def without_repeats(tasks: Iterable[PrepareTask]) -> tuple[list[PrepareTask], list[PrepareTask]]:
    """The first task of each content, and the tasks that repeat one."""
    first: dict[str, PrepareTask] = {}
    repeats = []
    for task in tasks:
        if first.setdefault(task.sha256, task) is not task:
            repeats.append(task)
    return list(first.values()), repeats
