"""Bars of `animate eval` itself: how long it takes, what it holds, and whether it repeats itself.

The first one needs a quiet machine.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_memory import GIB, needs_wait4, peak_bytes

from animate_cli.evaluate.clips.candidate import read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.options import ComputeOptions
from animate_cli.stages import scene

MOST_S = 600


@pytest.mark.bench
@needs_wait4
@pytest.mark.timeout(3600)
def test_all_clips_within_ten_minutes_and_flat_memory(data: Path, tmp_path: Path) -> None:
    arguments = ("eval", "--data", data, "--model", "thin_plate", "--stride", "5")
    few = peak_bytes(*arguments, "--limit", "6", "--json-to", tmp_path / "few.json")
    begun = time.perf_counter()
    peak = peak_bytes(*arguments, "--json-to", tmp_path / "all.json")
    seconds = time.perf_counter() - begun
    result = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    count = len(result["data"]["takes"])
    print(
        f"{count} clips, {result['data']['frames']} frames, in {seconds:.0f} s,"
        f" peak {peak / GIB:.3f} GiB, of six clips {few / GIB:.3f} GiB"
    )
    assert (count, result["data"]["skipped"]) == (35, [])
    assert seconds <= MOST_S
    assert peak <= 1.1 * few


def numbers(value: Any, where: str = "") -> Iterator[tuple[str, float | None]]:
    """Every number of a result, times left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "times":
                yield from numbers(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from numbers(inner, f"{where}[{index}]")
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield where, value


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", ["thin_plate", "sparse_to_dense"])
def test_every_number_is_the_same_at_other_batch_sizes_and_threads(
    data: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    protocol = Protocol(stride=5, limit=2, cap=21)

    def run(batch: int, threads: int) -> Any:
        monkeypatch.setattr(scene, "BATCH", batch)
        result = evaluate(
            read_candidates([model]),
            clip_pairs(read_clips(data, "val"), protocol),
            load_evaluators(data / "teachers", device="cpu"),
            protocol=protocol,
            data=data,
            split="val",
            compute=ComputeOptions(device="cpu", threads=threads),
            observer=EvaluationObserver(),
        )
        return json.loads(result.to_json())

    first, again = run(8, 2), run(8, 2)
    assert dict(numbers(first)) == dict(numbers(again))
    for batch, threads in ((1, 2), (5, 1)):
        other = dict(numbers(run(batch, threads)))
        assert other.keys() == dict(numbers(first)).keys()
        worst = [
            (abs(value - other[where]) / max(abs(value), 1e-9), where)
            for where, value in numbers(first)
            if value is not None and other[where] is not None
        ]
        print(f"{model}, batches of {batch}, {threads} threads: {max(worst)}")
        apart = [
            (where, value, other[where])
            for where, value in numbers(first)
            if (value is None) != (other[where] is None)
            or (value is not None and not math.isclose(value, other[where], rel_tol=1e-4))
        ]
        assert not apart, apart[:8]
