"""Public data sets known by their looks: tiny imitations, one file for every idea of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate_cli.data.layouts.find import find_layout
from animate_cli.data.manifest import CLIP, IMAGE, DataEntry
from animate_cli.errors import DataError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def entries_by_path(root: Path, name: str, kind: str = CLIP) -> dict[str, tuple[str, str]]:
    """File -> identity, split; the layout's name and the kind of its files are checked."""
    layout = find_layout(root)
    assert layout is not None
    assert layout.name == name
    assert {entry.kind for entry in layout.entries} == {kind}
    return {_relative(entry, root): (entry.identity, entry.split) for entry in layout.entries}


def _relative(entry: DataEntry, root: Path) -> str:
    return entry.path.relative_to(root).as_posix()


def test_voxceleb_as_published_as_frames_and_as_siarohin_leaves_it(tmp_path: Path) -> None:
    touch(tmp_path, "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "dev/mp4/id00012/21Uxsk56VDQ/2.txt")
    touch(tmp_path, *(f"id10001/7w0IBEWc9Qw/{k:07d}.jpg" for k in (1, 2, 3)))
    touch(tmp_path, "test/id10283#abc#000993#001143.mp4", "other/holiday.mp4")
    assert entries_by_path(tmp_path, "VoxCeleb") == {
        "dev/mp4/id00012/21Uxsk56VDQ/00001.mp4": ("id00012", "train"),
        "test/id10283#abc#000993#001143.mp4": ("id10283", "test"),
        "id10001/7w0IBEWc9Qw": ("id10001", ""),
    }
    below = tmp_path / "dev" / "mp4" / "id00012"
    assert entries_by_path(below, "VoxCeleb") == {"21Uxsk56VDQ/00001.mp4": ("id00012", "")}


def test_face_forensics_gives_originals_alone(tmp_path: Path) -> None:
    touch(tmp_path, "original_sequences/youtube/c23/videos/000.mp4")
    touch(tmp_path, "original_sequences/actors/c23/videos/01__talking.mp4")
    frames = (f"original_sequences/youtube/c23/images/033/{k:04d}.png" for k in range(3))
    touch(tmp_path, *frames, "manipulated_sequences/Deepfakes/c23/videos/000_003.mp4")
    assert entries_by_path(tmp_path, "FaceForensics") == {
        "original_sequences/youtube/c23/videos/000.mp4": ("000", ""),
        "original_sequences/actors/c23/videos/01__talking.mp4": ("01", ""),
        "original_sequences/youtube/c23/images/033": ("033", ""),
    }


def test_the_first_face_forensics_says_its_splits(tmp_path: Path) -> None:
    touch(tmp_path, "val/original/abc.avi", "val/altered/abc.avi", "train/original/def.avi")
    assert entries_by_path(tmp_path, "FaceForensics") == {
        "train/original/def.avi": ("def", "train"),
        "val/original/abc.avi": ("abc", "val"),
    }


def test_300vw_is_annotated_videos(tmp_path: Path) -> None:
    touch(tmp_path, "001/vid.avi", "001/annot/000001.pts", "002/vid.avi")
    assert entries_by_path(tmp_path, "300VW") == {"001/vid.avi": ("001", "")}
    assert entries_by_path(tmp_path / "001", "300VW") == {"vid.avi": ("001", "")}


def test_grid_knows_its_sentences(tmp_path: Path) -> None:
    touch(tmp_path, "s1/video/bbaf2n.mpg", "s12/pwijzp.mpg", "s12/align/pwijzp.align")
    touch(tmp_path, "s2/holiday.mpg", "s2/bbaf22.mpg")
    assert entries_by_path(tmp_path, "GRID") == {
        "s1/video/bbaf2n.mpg": ("s1", ""),
        "s12/pwijzp.mpg": ("s12", ""),
    }


def test_celeba_says_who_and_what_for(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Img/img_align_celeba/00000{k}.jpg" for k in (1, 2, 3, 4)))
    touch(tmp_path, "Anno/list_landmarks_align_celeba.txt")
    with pytest.raises(DataError, match="no identity_CelebA"):
        find_layout(tmp_path)
    people = tmp_path / "Anno" / "identity_CelebA.txt"
    people.write_text("000001.jpg 2880\n000002.jpg 2937\n000003.jpg 2880\n")
    anyhow = entries_by_path(tmp_path, "CelebA", IMAGE)
    assert [identity for identity, _ in anyhow.values()] == ["2880", "2937", "2880"]
    assert {split for _, split in anyhow.values()} == {""}
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
    splits = [split for _, split in entries_by_path(tmp_path, "CelebA", IMAGE).values()]
    assert splits == ["train", "val", "test"]
    people.write_text("000001.jpg 2880\n000002.jpg\n")
    with pytest.raises(DataError, match="line 2: 1 words"):
        find_layout(tmp_path)


def test_rafd_without_profiles(tmp_path: Path) -> None:
    touch(tmp_path, *(f"Rafd{a}_01_Caucasian_female_angry_frontal.jpg" for a in ("090", "180")))
    touch(tmp_path, "Rafd045_72_Moroccan_male_contemptuous_left.jpg", "Rafd045.jpg")
    assert entries_by_path(tmp_path, "RaFD", IMAGE) == {
        "Rafd045_72_Moroccan_male_contemptuous_left.jpg": ("rafd/72", ""),
        "Rafd090_01_Caucasian_female_angry_frontal.jpg": ("rafd/01", ""),
    }


def test_each_picture_of_emotion_net_is_a_person(tmp_path: Path) -> None:
    touch(tmp_path, "a/N_0000000356_00173.jpg", "a/N_1.jpg", "dataFile_0001.txt")
    assert entries_by_path(tmp_path, "EmotionNet", IMAGE) == {
        "a/N_0000000356_00173.jpg": ("N_0000000356_00173", "")
    }


def test_anything_else_is_none_of_them(tmp_path: Path) -> None:
    touch(tmp_path, "ada/001.mp4", "s1/holiday.mp4", "images/000001.jpg", ".x/id10001/a/1.mp4")
    assert find_layout(tmp_path) is None
    assert find_layout(tmp_path / "ada" / "001.mp4") is None
    assert find_layout(tmp_path / "nowhere") is None
