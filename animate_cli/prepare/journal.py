"""prepare.jsonl: a line per source file with the clips and pictures made from it, for resuming.

A line is written when the files that it names are complete. A last line that a power cut left
incomplete is ignored. If a source has several lines, the last one counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from animate_cli.data.manifest import NAME
from animate_cli.errors import OptionError, OutputError
from animate_cli.media.target import as_output_error
from animate_cli.prepare.labels import SUFFIX
from animate_cli.prepare.manifest import ManifestLine, write_manifest
from animate_cli.prepare.task import FileResult, PrepareTask
from animate_cli.typed import plain, typed

JOURNAL = "prepare.jsonl"


class PrepareJournal:
    """The finished part of a data set."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of an existing folder, or start one.

        Raises:
            OutputError: the folder has a manifest that this command did not write, or is not
                readable.
        """
        self.folder = folder
        self._path = folder / JOURNAL
        if (folder / NAME).exists() and not self._path.exists():
            raise OutputError(
                f"{folder / NAME} was not written by this command, and is not replaced",
                hint="name a new folder with -o",
            )
        with as_output_error(folder):
            if not self._path.exists():
                self._path.touch()
            text = self._path.read_text(encoding="utf-8")
        self._line_break = "\n" if text and not text.endswith("\n") else ""
        self._results: dict[str, FileResult] = {}  # by the source's sha256
        self._owners: dict[str, str] = {}  # the source's sha256 by file of the data set
        for result in _parse(text):
            self._add(result)

    @property
    def lines(self) -> list[ManifestLine]:
        """All lines of the manifest."""
        return [line for one in self._results.values() for line in one.lines]

    def result_of(self, task: PrepareTask) -> FileResult | None:
        """The result of this task in an earlier run, if all of its files exist; else None."""
        known = self._results.get(task.sha256)
        if known is None or known.key != task.key:
            return None
        return known if all(path.is_file() for path in self._files(known)) else None

    def commit(self, result: FileResult, scratch: Path) -> None:
        """Move a result's files from `scratch` into the data set; remove those they replace first.

        Raises:
            OutputError: it cannot be written.
        """
        files = self._files(result)
        with as_output_error(self.folder):
            for before in self._replaced_by(result):
                self._append(
                    FileResult(key="", source=before.source, source_sha256=before.source_sha256)
                )
                for path in self._files(before):
                    path.unlink(missing_ok=True)
            for path in files:
                path.parent.mkdir(parents=True, exist_ok=True)
                (scratch / path.relative_to(self.folder)).replace(path)
            self._append(result)

    def _replaced_by(self, result: FileResult) -> list[FileResult]:
        """Earlier results of the same source, or with files of the same names."""
        owners = {self._owners.get(line.file) for line in result.lines}
        owners.add(result.source_sha256)
        return [self._results[one] for one in owners if one in self._results]

    def write_manifest(self) -> None:
        """Write manifest.csv from the journal.

        Raises:
            OutputError: it cannot be written.
        """
        write_manifest(self.folder / NAME, self.lines)

    def _files(self, result: FileResult) -> list[Path]:
        """The files of a result, labels first: a clip must never exist without its labels."""
        files = [self.folder / line.file for line in result.lines]
        return [path for file in files for path in (file.with_suffix(SUFFIX), file)]

    def _append(self, result: FileResult) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{self._line_break}{json.dumps(plain(result))}\n")
            file.flush()
            os.fsync(file.fileno())
        self._line_break = ""
        self._add(result)

    def _add(self, result: FileResult) -> None:
        self._results[result.source_sha256] = result
        self._owners |= {line.file: result.source_sha256 for line in result.lines}


def _parse(text: str) -> Iterable[FileResult]:
    for line in text.splitlines():
        try:
            yield typed(FileResult, json.loads(line), where=JOURNAL)
        except (ValueError, TypeError, OptionError):
            continue  # incomplete, or of another version: its file is prepared again
