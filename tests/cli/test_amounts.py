"""The text of --amount: what it means, and what is said of nonsense."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from animate_cli.cli.amounts import amounts
from animate_cli.cli.app import app
from animate_cli.errors import OptionError
from animate_cli.options import Amounts, MotionOptions, Only


def test_what_is_not_named_stays_as_filmed() -> None:
    assert amounts("pose=0, lips=1.5") == Amounts(pose=0.0, lips=1.5)


def test_a_record_and_its_text_are_the_same() -> None:
    some = Amounts(pose=0.25, expression=0.5, eyes=2.0, gaze=0.0)
    assert amounts(str(some)) == amounts(some) == some


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lip=1", "did you mean 'lips'"),
        ("hair=1", "choose from pose, expression"),
        ("0.7", "--strength"),
        ("", "name=number"),
        ("pose=much", "not a number"),
        ("pose=2.5", "from 0 to 2"),
        ("pose=-1", "from 0 to 2"),
        ("pose=nan", "from 0 to 2"),
        ("pose=1,pose=0", "twice"),
    ],
)
def test_nonsense_is_refused_with_a_hint(text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        amounts(text)


def test_the_command_line_says_it_too() -> None:
    answer = CliRunner().invoke(app, ["photo.jpg", "--driver", "x.mp4", "--amount", "lip=1"])
    assert answer.exit_code == 2
    assert "--amount" in answer.stderr
    assert "lips" in answer.stderr


@pytest.mark.parametrize("bad", [-0.1, 2.1, float("nan"), float("inf")])
def test_records_refuse_what_is_out_of_range(bad: float) -> None:
    for make in (
        lambda: Amounts(eyes=bad),
        lambda: MotionOptions(strength=bad),
        lambda: MotionOptions(identity=bad),
    ):
        with pytest.raises(OptionError, match="out of range"):
            make()


def test_strength_amount_and_only_come_together() -> None:
    chosen = MotionOptions(
        strength=1.5, amount=Amounts(lips=0.5, eyes=2.0, gaze=0.0), only=Only.EXPRESSION
    )
    wanted = Amounts(pose=0.0, expression=1.5, eyes=2.0, gaze=0.0, lips=0.75, body=0.0)
    assert chosen.amounts == wanted
    assert MotionOptions().amounts == Amounts()
    assert MotionOptions(only=Only.LIPS).amounts == amounts(
        "pose=0,expression=0,eyes=0,gaze=0,lips=1,body=0"
    )
