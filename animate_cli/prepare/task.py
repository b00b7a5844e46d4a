"""One source file's share of a preparation: what is to be done, and what came of it."""

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

VERSION = 1  # of what is made of a file: a new one makes everything anew
FOLDERS = {CLIP: "clips", IMAGE: "images"}
NETWORK = "landmarks"


@dataclass(frozen=True, kw_only=True)
class PreparePlan:
    """What holds for all files. scratch: a folder of this run alone, beside the data set's own."""

    choices: PrepareOptions
    options: Options
    scratch: Path


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """What was made of one file; as a line of the journal, it is what need not be done again.

    key, source_sha256: of the task; source: its name, for people to read; lines: of the manifest;
    refused: why nothing could be made of it; short, small: frames of stretches that were dropped
    because they were too short, or the face in them too small; lost: frames without the face.
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
    """One file. key: changes with everything that the result depends on.

    sha256: of the file's bytes; name: of what is made of it, without suffix, in the data set.
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
        """What came of it."""
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
    """Read the file's bytes once, and settle what is made of it and under which name.

    Raises:
        WeightsError: the landmark network's weights are not here.
    """
    sha256 = sha256_of(source.path)
    faces = options.faces
    what = plain(choices)
    for elsewhere in ("identity_from", "split", "terms", "licence", "jobs"):
        del what[elsewhere]  # the origin has them; the number of processes changes nothing
    depends_on = {
        "version": VERSION,
        "sha256": sha256,
        "kind": source.kind,
        "origin": plain(source.origin),
        "choices": what,
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
    """A file that a data set lists keeps its place; any other is told from its namesakes."""
    if source.listed and treatment is FileTreatment.AS_IS:
        return PurePosixPath(source.listed).with_suffix("").as_posix()
    folder = FOLDERS[source.kind]
    return f"{folder}/{source.origin.split}/{source.path.stem}-{sha256[:8]}"


def without_repeats(tasks: Iterable[PrepareTask]) -> tuple[list[PrepareTask], list[PrepareTask]]:
    """The first task of each content, and the rest: nobody's pictures should count twice."""
    first: dict[str, PrepareTask] = {}
    repeats = []
    for task in tasks:
        if first.setdefault(task.sha256, task) is not task:
            repeats.append(task)
    return list(first.values()), repeats
