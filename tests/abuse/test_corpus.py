"""The corpus: no crash, no hang, no traceback, nothing left over; memory stays where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import av
import pytest
from corpus import CANARY, Corpus, make_corpus
from toy_networks import PEAK, open_toy_networks

from animate_cli.batch.journal import JournalRow, State, read_history
from animate_cli.batch.options import BatchOptions
from animate_cli.batch.plan import plan_batch
from animate_cli.batch.run import run_batch
from animate_cli.batch.status import BatchObserver, BatchSummary
from animate_cli.cli.cells import override
from animate_cli.options import ComputeOptions, Options

pytestmark = pytest.mark.skipif(os.name == "nt", reason="such names and files need POSIX")
SLOWEST_S = 60.0
MOST_KIB = 2 << 20


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    (tmp_path / "in").mkdir()
    return make_corpus(tmp_path / "in")


def run(folder: Path, rows: list[dict[str, str]], journal: list[JournalRow]) -> BatchSummary:
    (folder / "in" / "some.json").write_text(json.dumps(rows))
    options = Options(compute=ComputeOptions(threads=1))
    words = [str(folder / "in" / "some.json")]
    plan = plan_batch(words, [], folder / "out", options, override=override)
    return run_batch(
        plan,
        BatchOptions(stall_s=SLOWEST_S, workers=1),
        observer=BatchObserver(on_row=journal.append),
        make_work=open_toy_networks,
    )


def check(folder: Path, rows: list[dict[str, str]]) -> dict[State, int]:
    """Run the rows and hold every answer against what is owed -> how many came to what."""
    names = {file.name for file in (folder / "in").iterdir()} | {"some.json"}
    journal: list[JournalRow] = []
    summary = run(folder, rows, journal)
    tries = [row.reason for row in journal if row.state is State.RETRY]
    assert tries == [], "crashed, hung or met what it did not foresee"
    assert (summary.total, summary.left, summary.stopped) == (len(rows), 0, "")
    last = read_history(folder / "out").last
    for row in last.values():
        assert row.elapsed_s < SLOWEST_S
        if row.state is State.DONE:
            assert frames(folder / "out" / row.job) == row.frames > 0
        else:
            assert row.state is State.QUARANTINED, row
            assert row.reason
            assert row.hint
    done = {name for name, row in last.items() if row.state is State.DONE}
    assert {f.name for f in (folder / "out").iterdir()} == {*done, "batch.jsonl", ".batch.lock"}
    assert {file.name for file in (folder / "in").iterdir()} == names
    assert not (folder / "in" / CANARY).exists()
    peaks = [int(line.split()[0]) for line in (folder / PEAK).read_text().splitlines()]
    assert max(peaks) < MOST_KIB
    return {state: sum(row.state is state for row in last.values()) for state in State}


def frames(path: Path) -> int:
    if path.suffix == ".png":
        return 1
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_some_of_the_corpus(tmp_path: Path, corpus: Corpus) -> None:
    assert len(corpus.rows) >= 500
    came_to = check(tmp_path, corpus.rows[::25])
    assert came_to[State.DONE] > 0
    assert came_to[State.QUARANTINED] > 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole_corpus(tmp_path: Path, corpus: Corpus) -> None:
    came_to = check(tmp_path, corpus.rows)
    print(f"{len(corpus.rows)} files: {came_to}")
    assert came_to[State.DONE] > 50
    assert came_to[State.QUARANTINED] > 300
