"""Which clips and pairs are evaluated, with a manifest and without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate_cli.errors import OptionError
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.protocol import Protocol, Reenactment

CROSS = Protocol(reenactment=Reenactment.CROSS, pairs=12)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lines = ["file,split,kind,identity,terms"]
    lines += [f"clips/{k}.mp4,val,clip,person{k // 2},permissive" for k in range(6)]
    lines += ["clips/t.mp4,train,clip,someone,permissive", "a.jpg,val,image,person0,research"]
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_a_manifest_gives_the_clips_of_its_split(root: Path) -> None:
    assert [c.path.name for c in read_clips(root, "val")] == [f"{k}.mp4" for k in range(6)]
    assert [c.identity for c in read_clips(root, "train")] == ["someone"]
    with pytest.raises(
        OptionError, match="no clips of split 'test'; 'train' has 1, 'val' has 6"
    ) as caught:
        read_clips(root, "test")
    assert "--split all" in caught.value.hint
    assert len(read_clips(root, "all")) == 7


def test_without_a_manifest_every_video_is_a_person(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.mp4", "deep/a.MOV", "notes.txt"):
        (tmp_path / name).touch()
    assert {c.identity for c in read_clips(tmp_path, "val")} == {"a", "b"}
    assert [c.identity for c in read_clips(tmp_path / "b.mp4", "val")] == ["b"]


def test_self_is_every_clip_with_itself(root: Path) -> None:
    tried = clip_pairs(read_clips(root, "val"), Protocol())
    assert all(pair.source == pair.driver for pair in tried)
    assert len(tried) == 6
    some = clip_pairs(read_clips(root, "val"), Protocol(limit=3))
    assert [pair.name for pair in some] == ["0", "2", "4"]


def test_pairs_are_of_different_people_and_by_the_seed_alone(root: Path) -> None:
    clips = read_clips(root, "val")
    person = {clip.path: clip.identity for clip in clips}
    tried = clip_pairs(clips, CROSS)
    assert len({(t.source, t.driver) for t in tried}) == len(tried) == 12
    assert all(person[t.source] != person[t.driver] for t in tried)
    assert tried == clip_pairs(clips, CROSS)
    other = Protocol(reenactment=Reenactment.CROSS, pairs=12, seed=1)
    assert tried != clip_pairs(clips, other)


def test_there_are_no_more_pairs_than_there_are(root: Path) -> None:
    many = Protocol(reenactment=Reenactment.CROSS, pairs=500)
    assert len(clip_pairs(read_clips(root, "val"), many)) == 6 * 4
    with pytest.raises(OptionError, match="two people"):
        clip_pairs(read_clips(root, "train"), CROSS)


def test_clips_of_the_same_name_are_named_with_their_folders(tmp_path: Path) -> None:
    for name in ("id10001/a/1.mp4", "id10001/b/1.mp4", "id10002/a/1.mp4", "id10002/a/2.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    clips = read_clips(tmp_path, "val")
    names = [pair.name for pair in clip_pairs(clips, Protocol())]
    assert names == ["id10001-a-1", "b-1", "id10002-a-1", "2"]
    everyone = clip_pairs(clips, Protocol(reenactment=Reenactment.CROSS, pairs=100))
    assert len({pair.name for pair in everyone}) == len(everyone) == 8
    assert "2--b-1" in {pair.name for pair in everyone}


def test_a_public_data_set_gives_its_people_and_splits(tmp_path: Path) -> None:
    for name in ("dev/id10001/a/1.mp4", "test/id10002/b/1.mp4", "test/id10003/c/1.mp4"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert [c.identity for c in read_clips(tmp_path, "test")] == ["id10002", "id10003"]
    assert [c.identity for c in read_clips(tmp_path, "train")] == ["id10001"]
    with pytest.raises(OptionError) as refused:
        read_clips(tmp_path, "val")
    assert "'test' has 2, 'train' has 1" in refused.value.message
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="there are no clips") as refused:
        read_clips(tmp_path / "empty", "val")
    assert "VoxCeleb" in refused.value.hint
