"""prepare.jsonl: what was made of which file, line by line; a preparation goes on from it.

A line is written when the files it names are in their places, so what it says is so; the last
line may be torn by a power cut, and is then no line. For one source the last line holds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from animate_cli.data.manifest import NAME
from animate_cli.errors import OptionError, OutputError
from animate_cli.media.target import told
from animate_cli.prepare.labels import SUFFIX
from animate_cli.prepare.manifest import ManifestLine, write_manifest
from animate_cli.prepare.task import FileResult, PrepareTask
from animate_cli.typed import plain, typed

JOURNAL = "prepare.jsonl"


class PrepareJournal:
    """The data set's folder as far as it is done."""

    def __init__(self, folder: Path) -> None:
        """Open it, or begin one; the folder is there.

        Raises:
            OutputError: the folder holds a data set that was not prepared, or cannot be used.
        """
        self.folder = folder
        self._path = folder / JOURNAL
        if (folder / NAME).exists() and not self._path.exists():
            raise OutputError(
                f"{folder / NAME} was not written by this command, and is not replaced",
                hint="name a new folder with -o",
            )
        with told(folder):
            if not self._path.exists():
                self._path.touch()
            text = self._path.read_text(encoding="utf-8")
        self._torn = "\n" if text and not text.endswith("\n") else ""
        self._results: dict[str, FileResult] = {}  # by the source's sha256
        self._owners: dict[str, str] = {}  # the source's sha256 by file of the data set
        for result in _parse(text):
            self._learn(result)

    @property
    def lines(self) -> list[ManifestLine]:
        """The whole manifest."""
        return [line for one in self._results.values() for line in one.lines]

    def result_of(self, task: PrepareTask) -> FileResult | None:
        """What was made of this file by the same choices, if all of it is still there."""
        known = self._results.get(task.sha256)
        if known is None or known.key != task.key:
            return None
        return known if all(path.is_file() for path in self._files(known)) else None

    def commit(self, result: FileResult, scratch: Path) -> None:
        """Move what was made from `scratch` to its places; what it replaces is withdrawn first.

        Raises:
            OutputError: it cannot be written.
        """
        mine = self._files(result)
        with told(self.folder):
            for before in self._replaced_by(result):
                self._append(
                    FileResult(key="", source=before.source, source_sha256=before.source_sha256)
                )
                for path in self._files(before):
                    path.unlink(missing_ok=True)
            for path in mine:
                path.parent.mkdir(parents=True, exist_ok=True)
                (scratch / path.relative_to(self.folder)).replace(path)
            self._append(result)

    def _replaced_by(self, result: FileResult) -> list[FileResult]:
        """What was made before of the same source, or lies where this one belongs."""
        owners = {self._owners.get(line.file) for line in result.lines}
        owners.add(result.source_sha256)
        return [self._results[one] for one in owners if one in self._results]

    def write_manifest(self) -> None:
        """Bring manifest.csv to what the journal says.

        Raises:
            OutputError: it cannot be written.
        """
        write_manifest(self.folder / NAME, self.lines)

    def _files(self, result: FileResult) -> list[Path]:
        """Labels first: a file without them would be worse than labels without a file."""
        files = [self.folder / line.file for line in result.lines]
        return [path for file in files for path in (file.with_suffix(SUFFIX), file)]

    def _append(self, result: FileResult) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{self._torn}{json.dumps(plain(result))}\n")
            file.flush()
            os.fsync(file.fileno())
        self._torn = ""
        self._learn(result)

    def _learn(self, result: FileResult) -> None:
        self._results[result.source_sha256] = result
        self._owners |= {line.file: result.source_sha256 for line in result.lines}


def _parse(text: str) -> Iterable[FileResult]:
    for line in text.splitlines():
        try:
            yield typed(FileResult, json.loads(line), where=JOURNAL)
        except (ValueError, TypeError, OptionError):
            continue  # torn, or of another version: its file is prepared again
