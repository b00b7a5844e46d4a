"""Stages ahead of their reader: same items, flat memory, errors and closing pass through."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animate_cli.streams import Stage, parallel_map, prefetch


class Source:
    """Counts what was taken from it and knows whether it was closed."""

    def __init__(self, length: int, fails_at: int | None = None) -> None:
        self.length, self.fails_at = length, fails_at
        self.taken = 0
        self.is_closed = False

    def __iter__(self) -> Iterator[int]:
        try:
            for index in range(self.length):
                if index == self.fails_at:
                    raise OSError("the disk is gone")
                self.taken += 1
                yield index
        finally:
            self.is_closed = True


def pairs(items: Stage[int]) -> Stage[tuple[int, ...]]:
    """A stage between two others: closes what it reads when it is closed."""
    with closing(items):
        batch: list[int] = []
        for item in items:
            batch.append(item)
            if len(batch) == 2:
                yield tuple(batch)
                batch.clear()
        if batch:
            yield tuple(batch)


def stage_threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("animate-stage")]


@settings(max_examples=25, deadline=None)
@given(length=st.integers(0, 30), depth=st.integers(1, 5))
def test_ahead_changes_nothing(length: int, depth: int) -> None:
    batches = list(prefetch(pairs(prefetch(range(length), depth=depth)), depth=depth))
    assert [item for batch in batches for item in batch] == list(range(length))
    assert not stage_threads()


def test_it_never_runs_further_ahead_than_its_queue() -> None:
    source = Source(1000)
    items = prefetch(source, depth=3)
    next(items)
    time.sleep(0.2)
    assert source.taken <= 1 + 3 + 1  # read, queued, in hand
    items.close()


def test_stages_overlap() -> None:
    def slow(items: Iterator[int]) -> Iterator[int]:
        for item in items:
            time.sleep(0.02)
            yield item

    begun = time.perf_counter()
    for _ in prefetch(slow(prefetch(slow(iter(range(20))), depth=2)), depth=2):
        time.sleep(0.02)
    assert time.perf_counter() - begun < 2 / 3 * 3 * 20 * 0.02


def test_an_error_reaches_the_reader_after_the_items_before_it() -> None:
    seen = []
    with pytest.raises(OSError, match="disk"):  # noqa: PT012 - the loop is what raises
        for item in prefetch(pairs(prefetch(Source(10, fails_at=5), depth=2)), depth=2):
            seen += item
    assert seen == [0, 1, 2, 3]
    assert not stage_threads()


def test_closing_closes_the_whole_chain() -> None:
    source = Source(10**9)
    items = prefetch(pairs(prefetch(iter(source), depth=2)), depth=2)
    next(items)
    items.close()
    assert source.is_closed
    assert not stage_threads()


def test_an_error_in_the_reader_stops_the_threads() -> None:
    source = Source(10**9)

    def read() -> None:
        items = prefetch(iter(source), depth=2)
        try:
            for item in items:
                if item == 5:
                    raise KeyboardInterrupt
        finally:
            items.close()

    with pytest.raises(KeyboardInterrupt):
        read()
    assert source.is_closed
    assert not stage_threads()


@settings(max_examples=25, deadline=None)
@given(length=st.integers(0, 30), workers=st.integers(1, 4))
def test_spread_keeps_the_order(length: int, workers: int) -> None:
    def late(item: int) -> int:
        time.sleep(0.001 * (item % 3))
        return item * item

    assert list(parallel_map(stage_of(length), late, workers=workers)) == [
        item * item for item in range(length)
    ]
    assert not stage_threads()


def stage_of(length: int) -> Stage[int]:
    """A stage of its own: a generator that can be closed."""
    yield from Source(length)


def test_spread_works_at_several_items_at_once() -> None:
    together = threading.Barrier(3, timeout=5)
    assert list(parallel_map(stage_of(6), lambda _: together.wait() >= 0, workers=3)) == [True] * 6


def test_spread_takes_few_items_ahead_and_closes() -> None:
    source = Source(1000)
    results = parallel_map(pairs(iter(source)), lambda item: item, workers=2)
    assert next(results) == (0, 1)
    assert source.taken <= 2 * (1 + 2)
    results.close()
    assert source.is_closed
    assert not stage_threads()


def test_spread_raises_in_the_items_place() -> None:
    def choosy(item: int) -> int:
        if item == 3:
            raise OSError("the disk is gone")
        return item

    seen = []
    with pytest.raises(OSError, match="disk"):  # noqa: PT012 - the loop is what raises
        for item in parallel_map(stage_of(10), choosy, workers=3):
            seen.append(item)
    assert seen == [0, 1, 2]
    assert not stage_threads()


def test_a_dropped_reader_may_be_collected_by_the_stages_own_thread() -> None:
    """The collector runs in whatever thread allocates; that thread cannot wait for itself."""

    def stage() -> Iterator[int]:
        for index in range(1000):
            if index > 3:
                gc.collect()
            yield index

    held: dict[str, object] = {}
    frames = prefetch(stage(), depth=8)
    with pytest.MonkeyPatch.context() as patch:
        told: list[object] = []
        patch.setattr(sys, "unraisablehook", told.append)
        gc.disable()
        try:
            next(frames)
            held["frames"], held["itself"] = frames, held
            del frames, held
            deadline = time.monotonic() + 30
            while stage_threads() and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            gc.enable()
    assert not stage_threads()
    assert told == []
