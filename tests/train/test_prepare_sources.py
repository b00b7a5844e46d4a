"""Whom a file shows is known before it is opened; what a manifest says of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate_cli.errors import InputError, MediaError, OptionError
from animate_cli.train.prepare.choices import PrepareChoices, Split
from animate_cli.train.prepare.manifest import Line, Origin, read_origins, write_manifest
from animate_cli.train.prepare.sources import find_sources, identity_of

ORIGIN = Origin(
    identity="ada",
    split="val",
    terms="research",
    licence="MIT",
    repo="a/b",
    path_in_repo="c",
    detail="d, e",
)


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def line(file: str, origin: Origin = ORIGIN) -> Line:
    return Line(
        file=file,
        kind="clip",
        origin=origin,
        width=64,
        height=64,
        sha256="a",
        source="b.mp4",
        source_sha256="c",
        fps="25.0",
        frames=3,
        found=2,
    )


@pytest.mark.parametrize(
    ("rule", "identity"),
    [
        ("folder", "id10001"),
        ("file", "00001"),
        (r"id\d+", "id10001"),
        (r"(v\w+)/", "voxceleb"),
    ],
)
def test_identity_rules(tmp_path, rule, identity):
    root = tmp_path / "voxceleb"
    assert identity_of(root / "id10001" / "video" / "00001.mp4", root, rule) == identity


def test_a_file_without_a_folder_is_a_person_of_its_own(tmp_path):
    assert identity_of(tmp_path / "a.mp4", tmp_path, "folder") == "a"
    assert identity_of(tmp_path / "a.mp4", tmp_path / "a.mp4", "folder") == "a"


@pytest.mark.parametrize("rule", ["(", "nowhere", "x*"])
def test_identity_rules_that_say_nothing_are_refused(tmp_path, rule):
    with pytest.raises(OptionError, match="identity-from"):
        identity_of(tmp_path / "a.mp4", tmp_path, rule)


def test_folders_give_videos_and_pictures_each_once(tmp_path):
    wanted = (tmp_path / "a.mp4", tmp_path / "p" / "b.JPG")
    unwanted = ("a.npz", ".hidden.mp4", ".cache/c.mp4", "out/clips/d.mp4")
    touch(*wanted, *(tmp_path / name for name in unwanted))
    inputs = [tmp_path, tmp_path / "p", tmp_path / "a.mp4"]
    sources = list(find_sources(inputs, PrepareChoices(), output=tmp_path / "out"))
    assert [(source.path, source.kind) for source in sources] == [
        (wanted[0], "clip"),
        (wanted[1], "image"),
    ]
    assert [source.origin.identity for source in sources] == ["a", "p"]


def test_what_a_manifest_above_says_is_kept_and_the_rest_is_chosen(tmp_path):
    clips = tmp_path / "clips" / "val"
    touch(clips / "a.mp4", clips / "b.mp4")
    write_manifest(tmp_path / "manifest.csv", [line("clips/val/a.mp4")])
    choices = PrepareChoices(split=Split.TRAIN, terms="mine", identity_from="file")
    a, b = find_sources([clips], choices, output=tmp_path / "out")
    assert (a.origin, a.listed) == (ORIGIN, "clips/val/a.mp4")
    assert (b.origin, b.listed) == (Origin(identity="b", split="train", terms="mine"), "")


def test_origins_survive_the_table(tmp_path):
    path = tmp_path / "manifest.csv"
    other = Origin(identity='a, "b"', split="train")
    write_manifest(path, [line("b.mp4"), line("a.mp4", other)])
    assert read_origins(path) == {"b.mp4": ORIGIN, "a.mp4": other}


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "file,split,identity\nx.mp4,train,\n", "\0"])
def test_other_tables_are_refused(tmp_path, text):
    path = tmp_path / "manifest.csv"
    path.write_text("file\n" + text if text == "\0" else text, encoding="utf-8")
    with pytest.raises(InputError, match="not the table"):
        read_origins(path)


def test_what_was_named_must_be_there_and_be_a_video_or_a_picture(tmp_path):
    touch(tmp_path / "notes.txt")
    for name in ("missing.mp4", "notes.txt"):
        with pytest.raises(MediaError):
            list(find_sources([tmp_path / name], PrepareChoices(), output=tmp_path / "out"))
