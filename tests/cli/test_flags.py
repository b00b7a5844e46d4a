"""Flags and records agree: every field once, every default from the record."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import pytest
import typer
from typer.testing import CliRunner

from animate_cli.cli.app import app
from animate_cli.cli.command_flags import takes_record
from animate_cli.cli.flags import FLAGS, box, default_of, options_from, seconds
from animate_cli.evaluate.protocol import Protocol
from animate_cli.options import Framing, Lost, Options


def test_every_field_of_the_options_is_exactly_one_flag() -> None:
    of_records = [
        (section.name, field.name)
        for section in fields(Options)
        for field in fields(getattr(Options(), section.name))
    ]
    assert sorted((flag.section, flag.field) for flag in FLAGS) == sorted(of_records)
    assert len({flag.option for flag in FLAGS}) == len(FLAGS)


def test_no_flags_are_the_defaults() -> None:
    assert options_from({}) == Options()
    everything = {flag.key: default_of(flag) for flag in FLAGS if flag.turns_on is None}
    assert options_from({**everything, "crop": False}) == Options()


def test_flags_reach_their_field() -> None:
    options = options_from({"crop": True, "lost": Lost.REST, "start": Fraction(5, 2)})
    assert options.output.framing is Framing.CROP
    assert options.faces.lost is Lost.REST
    assert options.read.start_s == Fraction(5, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.5", Fraction(5, 2)),
        ("2.5s", Fraction(5, 2)),
        ("1:30", 90),
        ("1:00:00.1", Fraction(36001, 10)),
    ],
)
def test_times_are_exact(text: str, expected: Fraction) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "abc", "-1", "1:-30:0"])
def test_nonsense_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        seconds(text)


@pytest.mark.parametrize("text", ["1,2,3", "1,2,3,x", "1,2,0,5", ""])
def test_nonsense_boxes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        box(text)


def test_help_shows_every_flag_with_its_default() -> None:
    answer = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert answer.exit_code == 0
    for flag in FLAGS:
        assert flag.option in answer.stdout
    assert f"[default: {Options().motion.model}]" in answer.stdout


def test_a_records_flags_have_its_types_and_defaults() -> None:
    seen: list[Protocol] = []

    @takes_record("protocol", Protocol, {"stride": typer.Option("--each", min=1, help="?")})
    def command(*, protocol: Protocol) -> None:
        seen.append(protocol)

    app = typer.Typer()
    app.command()(command)
    for words, stride in (([], Protocol().stride), (["--each", "7"], 7)):
        assert CliRunner().invoke(app, words).exit_code == 0
        assert seen[-1] == replace(Protocol(), stride=stride)
    for words in (["--each", "0"], ["--each", "x"], ["--cap", "3"]):
        assert CliRunner().invoke(app, words).exit_code == 2
