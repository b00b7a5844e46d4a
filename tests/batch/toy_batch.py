"""A folder of toy jobs, run in real worker processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from toy_work import open_toy

from animate_cli.batch.journal import JournalRow, read_history
from animate_cli.batch.options import BatchOptions
from animate_cli.batch.plan import BatchPlan, plan_batch
from animate_cli.batch.run import run_batch
from animate_cli.batch.status import BatchObserver, BatchSummary
from animate_cli.options import Options


def same(options: Options, cells: Mapping[str, object]) -> Options:
    """Options of a row that changes none."""
    assert not cells
    return options


@dataclass(frozen=True)
class Toys:
    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def sources(self, commands: Mapping[str, str]) -> None:
        (self.folder / "in").mkdir(exist_ok=True)
        for name, command in commands.items():
            (self.folder / "in" / f"{name}.png").write_text(command)

    def plan(self, *, options: Options | None = None) -> BatchPlan:
        (self.folder / "d.mp4").write_text("driver")
        sources, drivers = [str(self.folder / "in")], [str(self.folder / "d.mp4")]
        return plan_batch(
            sources, drivers, self.out, options or Options(), override=same, template="{source}"
        )

    def run(
        self,
        *,
        options: BatchOptions | None = None,
        on_row: Callable[[JournalRow], None] = lambda row: None,
    ) -> BatchSummary:
        chosen = options or BatchOptions(workers=2, backoff_s=0.05)
        observer = BatchObserver(on_row=on_row)
        return run_batch(self.plan(), chosen, observer=observer, make_work=open_toy)

    def states(self) -> dict[str, str]:
        return {Path(job).stem: str(row.state) for job, row in read_history(self.out).last.items()}

    def attempts(self, name: str) -> list[list[str]]:
        """Process and number of threads of each attempt at a job."""
        marks = self.folder / "in" / f"{name}.marks"
        return [line.split() for line in marks.read_text().splitlines()]

    def leftovers(self) -> list[str]:
        """Files in the output folder that are neither results nor the batch's own."""
        results = {f"{name}.mp4" for name, state in self.states().items() if state == "done"}
        own = {"batch.jsonl", ".batch.lock"}
        return sorted(file.name for file in self.out.iterdir() if file.name not in results | own)
