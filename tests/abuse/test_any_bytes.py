"""Whatever bytes a file holds: a typed error with a hint, or a result that is in order."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from good_files import make_good
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lies import lying_mp4, lying_pictures, lying_templates

from animate_cli.errors import AnimateError
from animate_cli.faces.tracking.template import load_template
from animate_cli.media.audio_plan import plan_audio
from animate_cli.media.container.kind import Kind, kind_of
from animate_cli.media.images.image import read_photo
from animate_cli.media.input_file import open_input
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

SEVERAL = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
READ = ReadOptions(max_pixels=1_000_000)

changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.integers(0, 40)),
    min_size=1,
    max_size=8,
)


class GoodFiles(dict[str, bytes]):
    """Contents of good files by name; Hypothesis prints the names alone."""

    def __repr__(self) -> str:
        return f"GoodFiles({', '.join(self)})"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> GoodFiles:
    return GoodFiles(make_good(tmp_path_factory.mktemp("good")))


def changed(content: bytes, places: list[tuple[float, int, int]]) -> bytes:
    """Bytes replaced, dropped (41 and on: never) or doubled at some places."""
    data = bytearray(content)
    for share, value, kind in places:
        at = int(share * len(data))
        if kind == 0:
            del data[at : at + value]
        elif kind == 1:
            data[at:at] = data[at : at + value]
        elif data:
            data[at] = value
    return bytes(data) or b"\0"


def photo(path: Path) -> None:
    found = read_photo(path, max_pixels=READ.max_pixels)
    assert found.pixels.dtype == np.uint8
    assert found.pixels.shape[2] == 3
    assert 0 < found.pixels.shape[0] * found.pixels.shape[1] <= READ.max_pixels


def driver(path: Path) -> None:
    if kind_of(path) is Kind.TEMPLATE:
        trajectory = load_template(path)
        assert np.isfinite(trajectory.landmarks).all()
        assert is_rate(trajectory.rate)
        return
    plan_audio("driver", driver=open_input(path))
    with open_driver(path, READ, threads=1) as reader:
        times = [frame.time_s for frame in reader]
        assert is_rate(reader.info.rate)
    assert times[0] == 0
    assert all(a < b for a, b in pairwise(times))


def is_rate(rate: Fraction) -> bool:
    """Whether any encoder could be told."""
    return max(rate.numerator, rate.denominator) < 1 << 31 and 1e-5 <= rate <= 1000


def test_every_lie(tmp_path: Path, good: dict[str, bytes]) -> None:
    drivers = (*lying_mp4(good["fast.mp4"]), *lying_templates(good["good.npz"]))
    for read, lies in ((driver, drivers), (photo, lying_pictures(good))):
        for name, content in lies:
            path = tmp_path / name
            path.write_bytes(content)
            answer(read, path)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        *(("good.png", photo), ("good.jpg", photo), ("good.webp", photo), ("good.tif", photo)),
        *(("fast.mp4", driver), ("good.mkv", driver), ("good.npz", driver)),
    ],
)
@SEVERAL
@given(places=changes)
def test_changed_files(
    tmp_path: Path,
    good: dict[str, bytes],
    name: str,
    read: Callable[[Path], None],
    places: list[tuple[float, int, int]],
) -> None:
    path = tmp_path / name
    path.write_bytes(changed(good[name], places))
    answer(read, path)


@pytest.mark.parametrize("read", [photo, driver])
@SEVERAL
@given(content=st.binary(min_size=1, max_size=200))
def test_any_bytes_at_all(tmp_path: Path, read: Callable[[Path], None], content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    answer(read, path)


def answer(read: Callable[[Path], None], path: Path) -> None:
    try:
        read(path)
    except AnimateError as error:
        told = error
    else:
        return
    assert told.message
    assert told.hint
