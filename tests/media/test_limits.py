"""Drivers that are too long, and paths that are no plain files: refused before they cost."""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from animate_cli.errors import MediaError, OutputError
from animate_cli.media.container.kind import kind_of
from animate_cli.media.reader import open_driver
from animate_cli.media.target import check_target, result_of, short_name
from animate_cli.options import ReadOptions

Clip = Callable[..., Path]
HALF = Fraction(1, 2)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_long_driver_is_refused_unless_a_part_is_used(clip: Clip, name: str) -> None:
    path = clip(name, frames=25)
    with pytest.raises(MediaError, match="too long") as caught:
        open_driver(path, ReadOptions(max_duration_s=HALF))
    assert "--max-duration" in caught.value.hint
    with open_driver(path, ReadOptions(max_duration_s=HALF, duration_s=HALF)) as reader:
        assert len(list(reader)) == 13
    with open_driver(path, ReadOptions(max_duration_s=Fraction(1))) as reader:
        assert len(list(reader)) == 25


def test_a_driver_that_says_less_than_it_holds_is_stopped(clip: Clip) -> None:
    path = clip("a.mkv", frames=25)
    data = bytearray(path.read_bytes())
    for mark in (b"\x44\x89", b"DURATION"):  # the segment's and the track's
        at = data.find(mark)
        assert at > 0
        data[at : at + len(mark)] = b"\xec\x87" if len(mark) == 2 else b"DURATI0N"
    path.write_bytes(bytes(data))
    with open_driver(path, ReadOptions(max_duration_s=HALF)) as reader:
        read: list[Fraction] = []
        with pytest.raises(MediaError, match="too long"):
            read.extend(frame.time_s for frame in reader)
    assert len(read) <= 13


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.timeout(20)
def test_pipes_devices_and_circles_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, says in (
        *(("pipe", "plain file"), ("zero", "plain file"), ("loop", "cannot be read")),
        *(("x" * 300, "cannot be read"), ("a\0b", "cannot be read"), ("a/b", "does not exist")),
    ):
        with pytest.raises(MediaError, match=says):
            kind_of(tmp_path / name)


@pytest.mark.parametrize("name", ["x" * 300 + ".mp4", "é" * 150 + ".mp4"])
def test_a_name_too_long_to_write_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="too long"):
        check_target(tmp_path / name, overwrite=False)


@pytest.mark.parametrize("stem", ["x" * 251, "é" * 125, "a.b", "a\nb", " "])
def test_the_longest_names_can_be_written(tmp_path: Path, stem: str) -> None:
    check_target(tmp_path / f"{stem}.mp4", overwrite=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.b.mp4", "a", "x" * 251 + ".mp4", "a\nb.mp4"])
def test_half_written_files_are_known_by_their_result(name: str) -> None:
    short = Path(short_name(Path(name)))
    assert result_of(f".{short.stem}.0123abcd{short.suffix}") == str(short)
    assert result_of(name) is None
