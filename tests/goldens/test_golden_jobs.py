"""Six whole jobs give the frames, times and reports that were recorded."""

from __future__ import annotations

from pathlib import Path

import golden_jobs
import numpy as np
import pytest
from golden_store import is_recorded_machine, read_arrays, read_json

SAME_MEAN, SAME_MOST = 0.02, 2  # levels, of a frame's thumbnail
OTHER_MEAN, OTHER_MOST = 1.0, 16  # encoders and kernels of other machines round differently


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> golden_jobs.JobInputs:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    return golden_jobs.JobInputs(tmp_path)


@pytest.mark.parametrize("name", golden_jobs.JOBS)
def test_a_job_is_the_same(name: str, inputs: golden_jobs.JobInputs) -> None:
    pictures, facts = golden_jobs.done(name, inputs)
    golden = read_arrays(golden_jobs.PICTURES)[name]
    assert facts == read_json(golden_jobs.FACTS)[name]
    assert pictures.shape == golden.shape
    assert not (inputs.folder / "kept").exists()
    off = np.abs(pictures.astype(int) - golden.astype(int)).reshape(len(golden), -1)
    same = is_recorded_machine()
    assert off.mean(axis=1).max() <= (SAME_MEAN if same else OTHER_MEAN)
    assert off.max() <= (SAME_MOST if same else OTHER_MOST)


def test_the_jobs_differ_from_one_another() -> None:
    """Or a choice that is no longer taken would go unseen."""
    golden = read_arrays(golden_jobs.PICTURES)
    whole, lips = golden["template"].astype(int), golden["only-lips"].astype(int)
    assert np.abs(whole - lips).mean() > 0.5
    assert golden["alpha"].shape[-1] == 4
    assert golden["alpha"][..., 3].min() < 128
    assert len(golden["segments"]) > golden_jobs.AHEAD
