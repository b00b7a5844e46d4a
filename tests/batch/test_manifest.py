"""Manifests: rows with options of their own; what is no manifest is told with its row."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animate_cli.batch.manifest import read_manifest
from animate_cli.batch.plan import BatchPlan, plan_batch
from animate_cli.cli.cells import override
from animate_cli.errors import AnimateError
from animate_cli.options import Framing, Lost, MotionOptions, Options

CSV = """source,driver,output,strength,start,lost,crop,size
a.png,1.mp4,x/one.mp4,0.5,1:02.5,hold,yes,
b.png,1.mp4,,,,,,1080p
"""
ROWS = [
    {
        "source": "a.png",
        "driver": "1.mp4",
        "output": "x/one.mp4",
        "strength": 0.5,
        "start": "1:02.5",
        "lost": "hold",
        "crop": True,
    },
    {"source": "b.png", "driver": "1.mp4", "size": "1080p"},
]


def plan_of(path: Path, *drivers: str) -> BatchPlan:
    options = Options(motion=MotionOptions(anchor="first"))
    return plan_batch([str(path)], drivers, path.parent / "out", options, override=override)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", CSV),
        ("m.csv", "\ufeff" + CSV.replace("\n", "\r\n")),
        ("m.json", json.dumps(ROWS)),
        ("M.JSON", json.dumps({"jobs": ROWS})),
    ],
)
def test_every_form_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    first, second = plan_of(path).jobs
    assert (first.name, second.name) == ("x/one.mp4", "b--1.mp4")
    assert first.source == tmp_path / "a.png"
    assert first.options.motion.strength == 0.5
    assert first.options.read.start_s == Fraction(125, 2)
    assert first.options.faces.lost is Lost.HOLD
    assert first.options.output.framing is Framing.CROP
    assert second.options.output.size == "1080p"
    assert second.options.motion.strength == 1.0
    assert {job.options.motion.anchor for job in (first, second)} == {"first"}


def test_rows_without_a_driver_take_those_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("source,strength\na.png,0.5\n")
    assert [job.name for job in plan_of(path, "1.mp4", "2.mp4").jobs] == ["a--1.mp4", "a--2.mp4"]
    with pytest.raises(AnimateError, match="no driver"):
        plan_of(path)


BAD = {
    "outside": ("m.csv", "source,driver,output\na.png,1.mp4,../../x.mp4\n", "output folder"),
    "absolute": ("m.csv", "source,driver,output\na.png,1.mp4,/x.mp4\n", "output folder"),
    "twice": ("m.csv", "source,driver,output\na.png,1.mp4,x.mp4\nb.png,1.mp4,X.mp4\n", "another"),
    "unknown column": ("m.csv", "source,driver,strenght\na.png,1.mp4,1\n", "row 1: 'strenght'"),
    "a bad cell": ("m.csv", "source,driver,strength\na.png,1.mp4,much\n", "--strength much"),
    "out of range": ("m.csv", "source,driver,strength\na.png,1.mp4,9\n", "out of range"),
    "not a number": ("m.csv", "source,driver,strength\na.png,1.mp4,nan\n", "out of range"),
    "a bad choice": ("m.csv", "source,driver,lost\na.png,1.mp4,maybe\n", "--lost maybe"),
    "protection": (
        "m.csv",
        "source,driver,max_pixels\na.png,1.mp4,9\n",
        "not an option that a row",
    ),
    "the machine's": (
        "m.csv",
        "source,driver,threads\na.png,1.mp4,9\n",
        "not an option that a row",
    ),
    "no source": ("m.csv", "source,driver\n,1.mp4\n", "row 1: no source"),
    "no header": ("m.csv", "a.png,1.mp4\n", "name the columns"),
    "a column twice": ("m.csv", "source,source\na,b\n", "name the columns"),
    "ragged": ("m.csv", "source,driver\na,b,c\n", "row 1: not as many"),
    "empty": ("m.csv", "", "name the columns"),
    "no rows": ("m.csv", "source,driver\n", "lists no jobs"),
    "open quote": ("m.csv", 'source,driver\n"a.png,1.mp4\n', "CSV"),
    "not JSON": ("m.json", "{", "not JSON"),
    "deep": ("m.json", "[" * 100_000, "not JSON"),
    "a number": ("m.json", "3", "list of jobs"),
    "numbers": ("m.json", "[1, 2]", "list of jobs"),
    "odd name": ("m.json", '[{"source": ["a"]}]', "not a name"),
    "zero byte": ("m.json", '[{"source": "a\\u0000"}]', "not a name"),
    "not UTF-8": ("m.csv", b"source\n\xff\xfe\n", "UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_manifest_is_told(tmp_path: Path, case: str) -> None:
    name, content, says = BAD[case]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(AnimateError, match=says) as caught:
        plan_of(path, "1.mp4")
    assert caught.value.hint


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["m.csv", "m.json"]))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str):
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content)
    with contextlib.suppress(AnimateError):
        read_manifest(path, Options(), override)
