"""The flags --json and --json-to: a command's result as JSON, on stdout, in a file, or both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_record
from animate_cli.errors import OptionError

_OBJECT = b"{\n"  # the first bytes of every report of a resumable command

_FLAGS = {
    "on_stdout": typer.Option("--json", help="Print the result as JSON, and nothing else."),
    "file": typer.Option("--json-to", metavar="FILE", help="Write the same JSON to a file."),
}


@dataclass(frozen=True, kw_only=True)
class JsonOutput:
    """The destinations of a command's result as JSON.

    on_stdout: JSON is printed in place of the text; file: JSON is written there.
    """

    on_stdout: bool = False
    file: Path | None = None

    def check(self, *, overwrite: bool, others: Iterable[Path | None] = ()) -> None:
        """Refuse a file that cannot or must not be written; call it before the work.

        others: the command's inputs and its other outputs.

        Raises:
            OptionError: the file is one of `others`.
            OutputError: the file exists already, or its folder is missing or not writable.
        """
        from animate_cli.media.target import check_target

        if self.file is None:
            return
        if self.file.absolute() in {one.absolute() for one in others if one is not None}:
            hint = "name a file of its own"
            raise OptionError(f"--json-to {self.file}: the command uses this file", hint=hint)
        check_target(self.file, overwrite=overwrite)

    def write(self, text: str, *, overwrite: bool) -> None:
        """Write the JSON to the file, if one is named, and to stdout with --json.

        Raises:
            OutputError: the file cannot be written; none is left half-written.
        """
        from animate_cli.media.target import as_output_error, replacing

        if self.file is not None:
            with replacing(self.file, overwrite=overwrite) as part, as_output_error(self.file):
                part.write_text(f"{text}\n", encoding="utf-8", newline="\n")
            console.info(f"JSON: {self.file}")
        if self.on_stdout:
            console.result(text)

    def is_earlier_report(self) -> bool:
        """Whether the file holds a report already: a resumed command may replace it."""
        if self.file is None or not self.file.is_file():
            return False
        with self.file.open("rb") as file:
            return file.read(len(_OBJECT)) == _OBJECT


takes_json = takes_record("json_output", JsonOutput, _FLAGS)
"""Replaces a command's parameter `json_output: JsonOutput` by --json and --json-to."""


class AcceptsJsonFile(TyperCommand):
    """A command that also accepts `--json FILE`, the old spelling of --json-to."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Replace the old spelling, and warn on stderr."""
        renewed, is_old = _renew_spelling(args)
        rest = super().parse_args(ctx, renewed)
        if is_old and not ctx.params["quiet"]:
            console.warn("--json FILE is the old spelling and will go: write --json-to FILE")
        return rest


def _renew_spelling(args: list[str]) -> tuple[list[str], bool]:
    """Replace `--json FILE` and `--json=FILE` by --json-to; also say whether any was."""
    renewed: list[str] = []
    for at, word in enumerate(args):
        follows = at + 1 < len(args) and not args[at + 1].startswith("-")
        if word.startswith("--json=") or (word == "--json" and follows):
            word = word.replace("--json", "--json-to", 1)
        renewed.append(word)
    return renewed, renewed != args
