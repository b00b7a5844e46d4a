"""Mappings become records or say why not."""

from dataclasses import dataclass, field
from enum import StrEnum

import pytest

from animate_cli.errors import OptionError
from animate_cli.typed import plain, typed


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: int = 3


@dataclass(frozen=True, kw_only=True)
class Outer:
    name: str
    rate: float = 0.5
    colour: Colour = Colour.RED
    sizes: tuple[int, ...] = ()
    limit: int | None = None
    inner: Inner = field(default_factory=Inner)


def test_round_trip():
    outer = Outer(name="a", rate=2.0, colour=Colour.BLUE, sizes=(1, 2), inner=Inner(size=9))
    assert typed(Outer, plain(outer), where="here") == outer


def test_an_integer_is_a_float_but_not_the_other_way_round():
    assert typed(Outer, {"name": "a", "rate": 2}, where="here").rate == 2.0
    with pytest.raises(OptionError, match="2\\.5 is not a int"):
        typed(Inner, {"size": 2.5}, where="here")


def test_an_unknown_key_names_the_nearest_known_one():
    with pytest.raises(OptionError, match="unknown key 'colur'") as caught:
        typed(Outer, {"name": "a", "colur": "red"}, where="here")
    assert "did you mean 'colour'" in caught.value.hint


@pytest.mark.parametrize(
    "values",
    [{}, {"name": 1}, {"name": "a", "colour": "green"}, {"name": "a", "inner": {"size": "x"}}],
)
def test_missing_and_mistyped_values_are_refused(values):
    with pytest.raises(OptionError):
        typed(Outer, values, where="here")
