"""Check errors of commands: a message that names the input, a hint, exit code 1, no output."""

from __future__ import annotations

from pathlib import Path

from toy_world import ToyWorld
from typer.testing import CliRunner, Result

from animate_cli.cli.app import app


def command(*arguments: str | Path) -> Result:
    """The result of a command line."""
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, words, env={"NO_COLOR": "1"})


def animate(*arguments: str | Path) -> Result:
    """A command that computes, on one thread."""
    return command(*arguments, "--threads", "1")


def refused(toy: ToyWorld, says: str, *arguments: str | Path) -> None:
    """A command that computes fails as `command_refused` says."""
    command_refused(toy, says, *arguments, "--threads", "1")


def command_refused(toy: ToyWorld, says: str, *arguments: str | Path) -> None:
    """The command fails with a message and a hint, not a traceback; the folder stays as it was."""
    before = {path: path.stat().st_size for path in toy.folder.rglob("*")}
    answer = command(*arguments)
    assert answer.exit_code == 1, answer.output
    assert says in " ".join(answer.stderr.split())
    assert "hint:" in answer.stderr
    assert "Traceback" not in answer.output
    assert answer.stdout == ""
    assert {path: path.stat().st_size for path in toy.folder.rglob("*")} == before
