"""Whom a file shows is known before it is opened; what a manifest says of it is kept."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from animate_cli.errors import InputError, MediaError, OptionError
from animate_cli.prepare.manifest import ClipOrigin, ManifestLine, read_origins, write_manifest
from animate_cli.prepare.options import FileTreatment, PrepareOptions, Split
from animate_cli.prepare.sources import find_sources, identity_of

ORIGIN = ClipOrigin(
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


def line(file: str, origin: ClipOrigin = ORIGIN) -> ManifestLine:
    return ManifestLine(
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
    sources = list(find_sources(inputs, PrepareOptions(), output=tmp_path / "out"))
    assert [(source.path, source.kind) for source in sources] == [
        (wanted[0], "clip"),
        (wanted[1], "image"),
    ]
    assert [source.origin.identity for source in sources] == ["a", "p"]


def test_what_a_manifest_above_says_is_kept_and_the_rest_is_chosen(tmp_path):
    clips = tmp_path / "clips" / "val"
    touch(clips / "a.mp4", clips / "b.mp4")
    write_manifest(tmp_path / "manifest.csv", [line("clips/val/a.mp4")])
    choices = PrepareOptions(split=Split.TRAIN, terms="mine", identity_from="file")
    a, b = find_sources([clips], choices, output=tmp_path / "out")
    assert (a.origin, a.listed) == (ORIGIN, "clips/val/a.mp4")
    assert (b.origin, b.listed) == (ClipOrigin(identity="b", split="train", terms="mine"), "")


def test_origins_survive_the_table(tmp_path):
    path = tmp_path / "manifest.csv"
    other = ClipOrigin(identity='a, "b"', split="train")
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
            list(find_sources([tmp_path / name], PrepareOptions(), output=tmp_path / "out"))


def pictures(folder: Path, count: int, *, are_alike: bool) -> Path:
    """Numbered ones, of a level that hardly changes, or of very different ones."""
    folder.mkdir(parents=True)
    for k in range(count):
        level = 100 + k if are_alike else (k * 97) % 250
        cv2.imwrite(str(folder / f"{k:04d}.png"), np.full((24, 24, 3), level, np.uint8))
    return folder


def test_a_folder_of_numbered_frames_is_a_clip_and_portraits_are_not(tmp_path):
    clip = pictures(tmp_path / "ada" / "take1", 5, are_alike=True)
    people = pictures(tmp_path / "people", 5, are_alike=False)
    choices = PrepareOptions(least_frames=5)
    found = list(find_sources([tmp_path], choices, output=tmp_path / "out"))
    assert [(one.path, one.kind, one.origin.identity) for one in found[:1]] == [
        (clip, "clip", "ada")
    ]
    assert [one.path.parent for one in found[1:]] == [people] * 5
    assert {one.kind for one in found[1:]} == {"image"}
    (itself,) = find_sources([clip], choices, output=tmp_path / "out")
    assert (itself.path, itself.origin.identity) == (clip, "take1")
    as_is = PrepareOptions(least_frames=5, treatment=FileTreatment.AS_IS)
    assert len(list(find_sources([clip], as_is, output=tmp_path / "out"))) == 5


def test_a_public_data_set_says_whom_it_shows_unless_told_otherwise(tmp_path):
    files = [tmp_path / "vox" / name for name in ("dev/id10001/a/1.mp4", "test/id10002/b/1.mp4")]
    touch(*files, tmp_path / "vox" / "holiday.mp4")
    found = list(find_sources([tmp_path / "vox"], PrepareOptions(), output=tmp_path / "out"))
    told = [(one.path, one.origin.identity, one.origin.split) for one in found]
    assert told == [(files[0], "id10001", "train"), (files[1], "id10002", "test")]
    by_folder = PrepareOptions(identity_from="folder")
    found = list(find_sources([tmp_path / "vox"], by_folder, output=tmp_path / "out"))
    assert [one.origin.identity for one in found] == ["dev", "test"]
