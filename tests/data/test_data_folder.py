"""Manifests: every line read, columns in any order, others ignored, damage told."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate_cli.data.manifest import DataEntry, has_manifest, read_manifest
from animate_cli.errors import OptionError


def write(root: Path, text: str) -> Path:
    (root / "manifest.csv").write_text(text, encoding="utf-8", newline="")
    return root


def test_lines_become_entries_in_their_order(tmp_path: Path) -> None:
    assert not has_manifest(tmp_path)
    root = write(
        tmp_path,
        'identity,file,split,"note, for people",kind,terms\r\n'
        'id1,clips/a b.mp4,val,"x, y",clip,research\r\n'
        "id2,é.jpg,train,,image,\r\n",
    )
    assert has_manifest(root)
    first, second = read_manifest(root)
    assert first == DataEntry(
        path=root / "clips/a b.mp4", split="val", kind="clip", identity="id1", terms="research"
    )
    assert (second.path, second.terms) == (root / "é.jpg", "")


def test_terms_may_be_left_out(tmp_path: Path) -> None:
    root = write(tmp_path, "file,split,kind,identity\na.mp4,val,clip,id1\n")
    assert read_manifest(root)[0].terms == ""


@pytest.mark.parametrize("missing", ["file", "split", "kind", "identity"])
def test_a_missing_column_is_named(tmp_path: Path, missing: str) -> None:
    columns = [c for c in ("file", "split", "kind", "identity") if c != missing]
    root = write(tmp_path, ",".join(columns) + "\n" + ",".join("abc") + "\n")
    with pytest.raises(OptionError, match=f"no column '{missing}'"):
        read_manifest(root)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"file,split\n\xff\xfe\n")
    with pytest.raises(OptionError, match=r"manifest\.csv: cannot be read"):
        read_manifest(tmp_path)
