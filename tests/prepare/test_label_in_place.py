"""Files that are cut already keep their bytes, their place, and what is known of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from raw_films import film, frames_of, rows
from toy_world import find_disc, toy_frame

from animate_cli.data.pictures import label_of
from animate_cli.errors import InputError, OptionError
from animate_cli.prepare.options import FileTreatment, PrepareOptions
from animate_cli.prepare.run import prepare
from animate_cli.train.samples.samples import clip_points

AS_IS = PrepareOptions(treatment=FileTreatment.AS_IS)


@pytest.fixture(autouse=True)
def world(toy):
    """Faces are magenta discs."""
    return toy


def test_as_is_keeps_the_bytes_the_place_and_the_manifests_words(tmp_path):
    given = tmp_path / "given"
    clip = film(given / "clips" / "val" / "a.mp4", [0.0, 1.0, 2.0, None, 3.0, 3.0], (96, 96))
    photo = given / "images" / "b.jpg"
    photo.parent.mkdir()
    cv2.imwrite(str(photo), toy_frame(160, 120)[..., ::-1])
    text = (
        "file,split,kind,identity,terms,repo,detail\n"
        'clips/val/a.mp4,val,clip,id7,research,x/y,"crop 1,2,3"\n'
    )
    (given / "manifest.csv").write_text(text, encoding="utf-8")
    prepared = prepare([given], tmp_path / "set", AS_IS)
    clip_row, photo_row = rows(tmp_path / "set")
    made = tmp_path / "set" / "clips" / "val" / "a.mp4"
    assert made.samefile(clip)
    assert clip_row["file"] == "clips/val/a.mp4"
    assert [clip_row[name] for name in ("split", "identity", "terms", "repo", "detail")] == [
        *("val", "id7", "research", "x/y", "crop 1,2,3")
    ]
    assert (clip_row["frames"], clip_row["found"], prepared.lost) == ("6", "5", 1)
    points, found = clip_points(made)
    assert found.tolist() == [True, True, True, False, True, True]
    for pixels, own in zip(np.array(frames_of(made))[found], points[found], strict=True):
        assert own[27, 0] == pytest.approx(find_disc(pixels)[0], abs=0.7)
    picture = tmp_path / "set" / photo_row["file"]
    assert picture.read_bytes() == photo.read_bytes()
    assert label_of(picture)[27, 0] == pytest.approx(79.5, abs=0.7)


def test_as_is_copies_where_there_are_no_hard_links(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError("no hard links here")

    clip = film(tmp_path / "a.mp4", [0.0] * 4, (96, 96))
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    prepare([clip], tmp_path / "set", AS_IS)
    (row,) = rows(tmp_path / "set")
    made = tmp_path / "set" / row["file"]
    assert made.read_bytes() == clip.read_bytes()
    assert not made.samefile(clip)


def test_a_listed_file_that_has_changed_replaces_what_was_made_of_it(tmp_path):
    table = "file,split,kind,identity\na.mp4,train,clip,x\n"
    dataset = tmp_path / "set"
    for frames in (4, 6):
        clip = film(tmp_path / "given" / "new.mp4", [0.0] * frames, (96, 96))
        clip.replace(tmp_path / "given" / "a.mp4")
        (tmp_path / "given" / "manifest.csv").write_text(table, encoding="utf-8")
        prepare([tmp_path / "given"], dataset, AS_IS)
    (row,) = rows(dataset)
    assert (row["file"], row["frames"]) == ("a.mp4", "6")
    assert len(frames_of(dataset / "a.mp4")) == len(clip_points(dataset / "a.mp4")[0]) == 6
    assert prepare([tmp_path / "given"], dataset, AS_IS).done == 0


def test_as_is_refuses_what_is_no_square(tmp_path):
    film(tmp_path / "a.mp4", [0.0] * 4)
    with pytest.raises(InputError, match="not a square"):
        prepare([tmp_path / "a.mp4"], tmp_path / "set", AS_IS)


def test_two_data_sets_do_not_share_a_name(tmp_path):
    for name, shift in (("one", 0.0), ("two", 1.0)):
        film(tmp_path / name / "a.mp4", [shift] * 4, (96, 96))
        table = "file,split,kind,identity\na.mp4,train,clip,x\n"
        (tmp_path / name / "manifest.csv").write_text(table, encoding="utf-8")
    with pytest.raises(OptionError, match="both become"):
        prepare([tmp_path / "one", tmp_path / "two"], tmp_path / "set", AS_IS)
