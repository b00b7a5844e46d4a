"""Fixtures for tests of the whole; each test draws the same random numbers in any order."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before NumPy, OpenCV and torch look at them
    for variable in ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(variable, "1")

from seeds import in_random_order, seed_everything, seeded_apart
from toy_world import ToyLandmarker, ToyProposer, ToyWorld


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "run the files, and the tests of each, in a random order that N decides"
    parser.addoption("--order-seed", type=int, default=None, metavar="N", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Undo what a shell does to its background jobs, which ignore Ctrl-C: tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seed = config.getoption("order_seed")
    if seed is not None:
        items[:] = in_random_order(items, seed)


def pytest_report_header(config: pytest.Config) -> str | None:
    seed = config.getoption("order_seed")
    return None if seed is None else f"random order: --order-seed {seed}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    seed_everything()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
    """A fixture that several tests share draws the same whichever of them comes first."""
    if fixturedef.scope == "function":
        return (yield)
    with seeded_apart():
        return (yield)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyWorld:
    """A toy world in tmp_path, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        "animate_cli.faces.landmarks.network.load_landmarker", lambda **_: ToyLandmarker()
    )
    for module in ("stages.networks", "stages.portrait", "faces.tracking.track"):
        monkeypatch.setattr(f"animate_cli.{module}.make_proposer", lambda _: ToyProposer())
    return ToyWorld(tmp_path)
