"""--json and --json-to in every command that has them: JSON alone on stdout, the same in a file."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from refusal import command, command_refused
from result_file import result_json, write
from toy_world import ToyWorld
from typer.main import get_command

from animate_cli.cli.app import app
from animate_cli.cli.json_output import JsonOutput
from animate_cli.errors import OutputError

CHEAP = ("--threads", "1")
SMALL = ("--size", "64", "--least-px", "32", "--least-frames", "3", *CHEAP)
COMMANDS = {
    "run": ("run", "photo.png", "-d", "driver.mp4", "-o", "out.mp4", *CHEAP),
    "batch": ("batch", "photo.png", "-d", "driver.mp4", "-o", "results", "--dry-run", *CHEAP),
    "track": ("track", "driver.mp4", "-o", "motion.npz", *CHEAP),
    "prepare": ("prepare", "driver.mp4", "-o", "set", *SMALL),
    "eval": ("eval", "--data", "driver.mp4", *CHEAP),
    "compare": ("compare", "a.json", "b.json"),
    "weights list": ("weights", "list"),
    "doctor": ("doctor",),
    "bench": ("bench", "photo.png", "-d", "driver.mp4", "--rounds", "1", *CHEAP),
}
RESUMED = ("batch", "prepare")


@pytest.fixture
def inputs(toy: ToyWorld) -> ToyWorld:
    toy.photo()
    toy.driver()
    pairs = [f"t{k}" for k in range(4)]
    for name, l1 in (("a", 0.4), ("b", 0.3)):
        scores = {"still": {"l1": [0.5] * 4}, name: {"l1": [l1] * 4}}
        write(toy.folder / f"{name}.json", result_json(scores, pairs=pairs))
    return toy


def leaves(name: str, one: Any) -> Iterator[tuple[str, set[str]]]:
    """Every command below this one, with its flags."""
    for word, below in getattr(one, "commands", {}).items():
        yield from leaves(f"{name} {word}".strip(), below)
    if not hasattr(one, "commands"):
        yield name, {flag for parameter in one.params for flag in parameter.opts}


def test_both_flags_come_together_in_the_commands_tested_here() -> None:
    flags = dict(leaves("", get_command(app)))
    assert {name for name in flags if "--json" in flags[name]} == COMMANDS.keys()
    assert {name for name in flags if "--json-to" in flags[name]} == COMMANDS.keys()
    for name in COMMANDS.keys() - set(RESUMED):
        assert "--overwrite" in flags[name], name


@pytest.mark.parametrize("name", COMMANDS)
def test_stdout_is_json_alone_and_the_file_holds_the_same(inputs: ToyWorld, name: str) -> None:
    answer = command(*COMMANDS[name], "--json", "--json-to", "report.json")
    assert answer.exit_code == 0 or name == "doctor", answer.output
    assert json.loads(answer.stdout)
    assert Path("report.json").read_text(encoding="utf-8") == answer.stdout
    assert "JSON: report.json" in answer.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    inputs: ToyWorld, name: str
) -> None:
    command_refused(inputs, "no is not a folder", *COMMANDS[name], "--json-to", "no/report.json")
    Path("precious.txt").write_text("mine", encoding="utf-8")
    command_refused(inputs, "exists already", *COMMANDS[name], "--json-to", "precious.txt")


@pytest.mark.parametrize(
    ("name", "file"),
    [("run", "photo.png"), ("track", "motion.npz"), ("compare", "a.json"), ("eval", "driver.mp4")],
)
def test_the_commands_own_files_are_refused(inputs: ToyWorld, name: str, file: str) -> None:
    words = (*COMMANDS[name], "--overwrite", "--json-to", file)
    command_refused(inputs, "the command uses this file", *words)


def test_a_file_alone_leaves_stdout_as_it_is(inputs: ToyWorld) -> None:
    answer = command(*COMMANDS["run"], "--json-to", "report.json")
    assert answer.stdout == "out.mp4\n"
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["frames"] == 12


def test_show_faces_keeps_the_promise(inputs: ToyWorld) -> None:
    answer = command("photo.png", "--show-faces", "--json", *CHEAP)
    assert json.loads(answer.stdout) == {"output": "photo--faces.png"}


@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_command_replaces_its_earlier_report(inputs: ToyWorld, name: str) -> None:
    for _ in range(2):
        answer = command(*COMMANDS[name], "--json-to", "report.json")
        assert answer.exit_code == 0, answer.output
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("old", [("--json", "report.json"), ("--json=report.json",)])
def test_evals_old_spelling_still_writes_a_file_and_warns(
    inputs: ToyWorld, old: tuple[str, ...]
) -> None:
    answer = command(*COMMANDS["eval"], *old)
    assert answer.exit_code == 0, answer.output
    assert "write --json-to FILE" in answer.stderr
    assert "thin_plate" in answer.stdout
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["schema"] == 1


def test_quiet_keeps_the_warning_to_itself(inputs: ToyWorld) -> None:
    answer = command(*COMMANDS["eval"], "--json", "report.json", "-q")
    assert answer.stderr == ""
    assert Path("report.json").is_file()


def test_a_full_disk_leaves_no_half_written_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text.encode()[: len(text) // 2])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", write_half)
    before = tmp_path / "report.json"
    before.write_bytes(b"{\n}")
    with pytest.raises(OutputError, match="the disk is full"):
        JsonOutput(file=before).write('{"output": "out.mp4"}', overwrite=True)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"{\n}"]
