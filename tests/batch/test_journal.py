"""The journal survives a crash at any byte: what is read is what was written before it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animate_cli.batch.journal import (
    BatchJournal,
    JournalRow,
    State,
    journal_path,
    line_of,
    read_history,
)
from animate_cli.batch.options import Shard
from animate_cli.errors import OutputError

texts = st.text(max_size=20)
rows = st.builds(
    JournalRow,
    time_s=st.floats(0, 1e10),
    job=texts,
    state=st.sampled_from(State),
    fingerprint=texts,
    attempt=st.integers(1, 9),
    reason=texts,
    bytes=st.integers(0, 1 << 60),
    elapsed_s=st.floats(0, 1e6),
    notes=st.lists(texts, max_size=3).map(tuple),
)


def write(folder: Path, *some: JournalRow) -> Path:
    path = journal_path(folder, Shard())
    with BatchJournal(path) as journal:
        for row in some:
            journal.append(row)
    return path


def done(job: str, time_s: float = 1.0) -> JournalRow:
    return JournalRow(time_s=time_s, job=job, state=State.DONE, bytes=5)


@settings(deadline=None, max_examples=40)
@given(rows)
def test_a_row_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, row: JournalRow
) -> None:
    folder = tmp_path_factory.mktemp("j")
    write(folder, row)
    assert read_history(folder).last == {row.job: row}


def test_cut_at_any_byte_it_is_read_to_the_cut_and_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # hundreds of them
    some = [done(name) for name in ("a", "b\n", "Küche")]
    whole = b"".join(map(line_of, some))
    path = journal_path(tmp_path, Shard())
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        survived = [
            row
            for row in some
            if len(b"".join(map(line_of, some[: some.index(row) + 1]))) <= length + 1
        ]
        assert set(read_history(tmp_path).last) == {row.job for row in survived}
        write(tmp_path, done("later"))
        assert set(read_history(tmp_path).last) == {row.job for row in survived} | {"later"}


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b"[]", b"3", b"\xff\xfe", b"null", b'{"job": 3}', b'{"state": "odd"}', b"[" * 9999),
        *(b'{"time_s": 1.0, "job": "a", "state": "done", "unknown": 1}', b"x" * 200_000),
    ],
)
def test_a_damaged_line_costs_only_itself(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path, done("a"))
    with path.open("ab") as file:
        file.write(line + b"\n")
    write(tmp_path, done("b"))
    past = read_history(tmp_path)
    assert set(past.last) == {"a", "b"}
    assert past.skipped >= 1


def test_the_latest_row_counts_whichever_shard_wrote_it(tmp_path: Path) -> None:
    for number, time_s in ((1, 3.0), (2, 1.0)):
        with BatchJournal(journal_path(tmp_path, Shard(number=number, count=2))) as journal:
            journal.append(JournalRow(time_s=time_s, job="a", state=State.DONE, bytes=number))
    assert read_history(tmp_path).last["a"].bytes == 1


def test_only_jobs_that_began_are_ours(tmp_path: Path) -> None:
    begun = JournalRow(time_s=1.0, job="a", state=State.STARTED)
    write(tmp_path, begun, done("a"), JournalRow(time_s=1.0, job="b", state=State.FAILED))
    assert read_history(tmp_path).started == {"a"}


def test_rows_outlive_the_process_at_once_and_a_power_cut_once_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    path = journal_path(tmp_path, Shard())
    length = len(line_of(done("a")))
    with BatchJournal(path) as journal:
        journal.append(done("a"))
        assert path.stat().st_size == length
        journal.sync()
        journal.sync()
        assert synced == [length]
        journal.append(done("b"))
    assert synced == [length, 2 * length]


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write(tmp_path, done("a"))
