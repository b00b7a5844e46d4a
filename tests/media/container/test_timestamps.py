"""Times rise, whatever the stamps do, and stay exact where the stamps are sound."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from animate_cli.media.container.timestamps import Timestamps

STAMPS = st.lists(st.none() | st.integers(-5000, 5000), min_size=1, max_size=40)


def clock(rate: Fraction = Fraction(25), *, is_variable: bool = True, first: int = 0) -> Timestamps:
    return Timestamps(
        time_base=Fraction(1, 1000), first_pts=first, rate=rate, is_variable=is_variable
    )


@given(STAMPS, st.booleans())
def test_times_always_rise(stamps: list[int | None], is_variable: bool) -> None:
    running = clock(is_variable=is_variable)
    times = [running.time(stamp) for stamp in stamps]
    assert all(a < b for a, b in pairwise(times))


@given(st.sets(st.integers(-5000, 5000), min_size=1))
def test_sound_stamps_are_kept_exactly(stamps: set[int]) -> None:
    ordered = sorted(stamps)
    running = clock(first=ordered[0])
    assert [running.time(s) for s in ordered] == [Fraction(s - ordered[0], 1000) for s in ordered]
    assert running.repaired == 0


def test_a_constant_rate_is_put_on_its_beat() -> None:
    rate = Fraction(30000, 1001)
    running = clock(rate, is_variable=False)
    stamps = [round(n / rate * 1000) for n in range(100)]
    assert [running.time(s) for s in stamps] == [n / rate for n in range(100)]


def test_one_repeated_stamp_moves_no_other() -> None:
    running = clock()
    assert [running.time(s) for s in (0, 40, 40, 80)] == [
        Fraction(0),
        Fraction(40, 1000),
        Fraction(60, 1000),
        Fraction(80, 1000),
    ]
    assert running.repaired == 1


def test_a_jump_back_goes_on_from_where_it_was() -> None:
    running = clock()
    times = [running.time(s) for s in (0, 2000, 2040, 0, 40)]
    assert times[3:] == [Fraction(2080, 1000), Fraction(2120, 1000)]
