"""A batch as a whole, over real processes: what becomes of good, bad and fatal jobs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from toy_batch import Toys
from toy_work import open_nothing

from animate_cli.batch.job import Digests
from animate_cli.batch.journal import JournalRow, State, read_history
from animate_cli.batch.options import BatchOptions
from animate_cli.batch.resume import due_job, segments_of
from animate_cli.batch.run import run_batch
from animate_cli.device import thread_count
from animate_cli.errors import OutputError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are other ones there")
QUICK = BatchOptions(workers=2, backoff_s=0.05)


def test_every_fate_at_once_and_then_resumed(toys: Toys) -> None:
    toys.sources(
        {
            "a": "ok",
            "b": "face",
            "c": "once die",
            "d": "once memory",
            "e": "bug",
            "f": "denied",
            "g": "ok",
        }
    )
    rows: list[JournalRow] = []
    summary = toys.run(options=QUICK, on_row=rows.append)
    assert toys.states() == {
        **dict.fromkeys("acdg", "done"),
        "b": "quarantined",
        "e": "quarantined",
        "f": "failed",
    }
    assert (summary.total, summary.done, summary.before, summary.left) == (7, 4, 0, 0)
    assert not summary.is_complete
    assert not summary.stopped
    assert {Path(failure.job).stem: failure.is_final for failure in summary.failures} == {
        "b": True,
        "e": True,
        "f": False,
    }
    tries = {name: len(toys.attempts(name)) for name in "abcdefg"}
    assert tries == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 3, "f": 1, "g": 1}
    assert summary.retries == sum(row.state is State.RETRY for row in rows) == 4
    reasons = {Path(row.job).stem: row.reason for row in rows if row.state is State.RETRY}
    assert "signal 9" in reasons["c"]
    assert "out of memory" in reasons["d"]
    assert "ZeroDivisionError" in reasons["e"]
    assert toys.leftovers() == []
    assert len({process for name in "abdg" for process, _ in toys.attempts(name)}) <= 4

    again = toys.run(options=QUICK)
    assert (again.before, again.done) == (4, 0)
    assert {name: len(toys.attempts(name)) for name in "abcdefg"} == {**tries, "f": 2}

    toys.sources({"b": "ok"})  # other bytes: tried again
    (toys.out / "a.mp4").unlink()  # missing
    (toys.out / "g.mp4").write_bytes(b"cut")  # damaged
    third = toys.run(options=BatchOptions(workers=2, backoff_s=0.05, retry_failed=True))
    assert (third.before, third.done) == (2, 3)
    assert len(toys.attempts("e")) == 6  # --retry-failed
    assert (toys.out / "g.mp4").read_text() == " driver"


def test_cores_are_shared_out(toys: Toys) -> None:
    toys.sources({"a": "ok"})
    toys.run(options=BatchOptions(workers=1))
    [[_, threads]] = toys.attempts("a")
    assert int(threads) == thread_count(0)


def test_a_full_disk_stops_everything_and_is_resumed(toys: Toys) -> None:
    toys.sources({"a": "once full", "b": "ok", "c": "ok"})
    first = toys.run(options=BatchOptions(workers=1))
    assert "the disk is full" in first.stopped
    assert (first.done, first.left) == (0, 2)
    assert toys.leftovers() == []
    assert toys.run(options=BatchOptions(workers=1)).is_complete


def test_too_many_failures_stop(toys: Toys) -> None:
    toys.sources(dict.fromkeys("abcde", "face"))
    summary = toys.run(options=BatchOptions(workers=1, max_failures=2))
    assert (len(summary.failures), summary.left) == (2, 3)
    assert "--max-failures 2" in summary.stopped


def test_a_silent_worker_is_ended(toys: Toys) -> None:
    toys.sources({"a": "once hang"})
    summary = toys.run(options=BatchOptions(workers=1, stall_s=3.0, backoff_s=0.05))
    assert summary.is_complete
    assert summary.retries == 1


def test_a_worker_that_cannot_open_stops_the_batch(toys: Toys) -> None:
    toys.sources({"a": "ok", "b": "ok", "c": "ok"})
    summary = run_batch(toys.plan(), BatchOptions(workers=1), make_work=open_nothing)
    assert "no such library" in summary.stopped
    assert summary.left == 2


def test_being_asked_to_end_drains(toys: Toys) -> None:
    toys.sources({"a": "slow", "b": "ok", "c": "ok"})

    def ask(row: JournalRow) -> None:
        if row.state is State.STARTED:
            os.kill(os.getpid(), signal.SIGTERM)

    summary = toys.run(options=BatchOptions(workers=1), on_row=ask)
    assert summary.interrupted
    assert (summary.done, summary.left) == (1, 2)
    assert toys.run().is_complete


def test_asked_twice_it_ends_at_once_and_leaves_nothing(toys: Toys) -> None:
    toys.sources({"a": "hang", "b": "ok"})

    def insist(row: JournalRow) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    summary = toys.run(options=BatchOptions(workers=1), on_row=insist)
    assert summary.interrupted
    assert (summary.done, summary.left) == (0, 2)
    assert toys.leftovers() == []


def test_what_others_put_there_is_never_replaced(toys: Toys) -> None:
    toys.sources({"a": "ok", "b": "ok"})
    toys.out.mkdir()
    (toys.out / "a.mp4").write_text("mine")
    for _ in range(2):  # nor by the second run
        summary = toys.run(options=BatchOptions(workers=1))
        assert [Path(failure.job).stem for failure in summary.failures] == ["a"]
        assert "exists already" in summary.failures[0].reason
        assert (toys.out / "a.mp4").read_text() == "mine"


def test_what_a_killed_run_left_is_swept_and_nothing_else(toys: Toys) -> None:
    toys.sources({"a": "ok"})
    toys.out.mkdir()
    for name in (".a.0123abcd.mp4", ".a.mp4", ".other.0123abcd.mp4", "a.0123abcd.mp4"):
        (toys.out / name).write_text("part")
    toys.run(options=BatchOptions(workers=1))
    assert toys.leftovers() == [".a.mp4", ".other.0123abcd.mp4", "a.0123abcd.mp4"]


def test_segments_of_an_unfinished_film_stay_and_old_ones_go(toys: Toys) -> None:
    toys.sources({"a": "denied", "b": "ok"})
    [first, second] = toys.plan().jobs
    mine, done = (
        segments_of(due_job(job, read_history(toys.folder), Digests())) for job in (first, second)
    )
    old = mine.with_name(".a.01234567.segments")
    for folder in (mine, done, old):
        folder.mkdir(parents=True)
        (folder / "000000").write_text("part")
    toys.run(options=BatchOptions(workers=1))
    assert toys.leftovers() == [mine.name]


def test_two_runs_of_one_folder_do_not_meet(toys: Toys) -> None:
    toys.sources({"a": "ok"})
    seen: list[str] = []

    def meet(row: JournalRow) -> None:
        with pytest.raises(OutputError, match="another run") as caught:
            toys.run()
        seen.append(caught.value.hint)

    assert toys.run(options=BatchOptions(workers=1), on_row=meet).is_complete
    assert seen
