"""A data set from raw files: exact, labelled where it is, made once, whole or not at all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from raw_films import RATE, film, frames_of, rows
from toy_world import find_disc, toy_frame

from animate_cli.digest import sha256_of
from animate_cli.errors import Cancelled, InputError, OptionError, OutputError
from animate_cli.media.provenance import read_marking
from animate_cli.prepare.options import PrepareOptions, Split
from animate_cli.prepare.run import prepare
from animate_cli.stages.driver import track_driver
from animate_cli.train.recipe import DataRecipe
from animate_cli.train.samples.samples import clip_points, read_rows, read_samples

SMALL = PrepareOptions(size=64, least_px=64, least_frames=3)


@pytest.fixture(autouse=True)
def world(toy):
    """Faces are magenta discs."""
    return toy


def everything(dataset: Path) -> dict[str, int]:
    """Every file, hidden ones too, and when it was written."""
    paths = (path for path in dataset.rglob("*") if path.is_file())
    return {path.relative_to(dataset).as_posix(): path.stat().st_mtime_ns for path in paths}


def test_clips_hold_every_frame_with_the_face_where_the_labels_say(tmp_path):
    video = film(tmp_path / "ada" / "a.mp4", [*np.linspace(-3, 3, 9), None, None, *[20.0] * 7])
    prepared = prepare([tmp_path / "ada"], tmp_path / "set", SMALL)
    assert (prepared.clips, prepared.frames, prepared.lost) == (2, 16, 2)
    for row, count in zip(rows(tmp_path / "set"), (9, 7), strict=True):
        clip = tmp_path / "set" / row["file"]
        points, found = clip_points(clip)
        frames = frames_of(clip)
        assert len(frames) == len(points) == int(row["frames"]) == int(row["found"]) == count
        assert found.all()
        with av.open(str(clip)) as container:
            assert container.streams.video[0].average_rate == RATE
        for pixels, own in zip(frames, points, strict=True):
            disc = find_disc(pixels)
            assert disc is not None
            assert pixels.shape == (64, 64, 3)
            assert own[36:48].mean(axis=0)[0] == pytest.approx(disc[0], abs=0.7)
            assert np.ptp(own[:, 0]) == pytest.approx(1.7 * disc[2], rel=0.05)
        assert row["source sha256"] == sha256_of(video)
        assert row["sha256"] == sha256_of(clip)
        assert (row["identity"], row["split"], row["kind"]) == ("a", "train", "clip")
        assert read_marking(clip).synthetic is False


def test_what_was_prepared_is_what_training_reads(tmp_path):
    film(tmp_path / "raw" / "ada" / "a.mp4", [0.0] * 6)
    photo = tmp_path / "raw" / "bob.png"
    cv2.imwrite(str(photo), toy_frame(160, 160)[..., ::-1])
    prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    recipe = DataRecipe(root=str(tmp_path / "set"))
    samples = list(read_samples(read_rows(recipe, "train"), 3))
    assert [(one.identity, one.kind) for one in samples] == [
        ("ada", "clip"),
        ("ada", "clip"),
        ("bob", "image"),
    ]
    for sample in samples:
        assert sample.pixels().shape == (64, 64, 3)
        assert sample.points[27, 0] == pytest.approx(find_disc(sample.pixels())[0], abs=0.7)


def test_again_makes_only_what_is_missing(tmp_path):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    film(tmp_path / "raw" / "b.mp4", [1.0] * 5)
    dataset = tmp_path / "set"
    first = prepare([tmp_path / "raw"], dataset, SMALL)
    made = everything(dataset)
    again = prepare([tmp_path / "raw"], dataset, SMALL)
    assert (first.done, again.done, again.kept, again.frames) == (2, 0, 2, 9)
    touched = {name for name, when in everything(dataset).items() if when != made[name]}
    assert touched <= {"manifest.csv"}
    clip = next(dataset.rglob("a-*.mp4"))
    clip.unlink()
    film(tmp_path / "raw" / "c.mp4", [2.0] * 3)
    assert prepare([tmp_path / "raw"], dataset, SMALL).done == 2
    assert clip.is_file()
    assert [int(row["frames"]) for row in rows(dataset)] == [4, 5, 3]


def test_other_choices_replace_what_was_made_before(tmp_path):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 8)
    dataset = tmp_path / "set"
    prepare(
        [tmp_path / "raw"],
        dataset,
        PrepareOptions(size=64, least_px=64, least_frames=4, most_frames=4),
    )
    assert len(rows(dataset)) == 2
    prepare(
        [tmp_path / "raw"],
        dataset,
        PrepareOptions(size=64, least_px=64, least_frames=4, split=Split.VAL),
    )
    (row,) = rows(dataset)
    assert (row["split"], row["frames"]) == ("val", "8")
    left = {name for name in everything(dataset) if name.endswith((".mp4", ".npz"))}
    assert left == {row["file"], row["file"].replace(".mp4", ".npz")}


def test_files_of_which_nothing_can_be_made_are_told_and_not_tried_again(tmp_path):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    film(tmp_path / "raw" / "nobody.mp4", [None] * 4)
    (tmp_path / "raw" / "torn.mp4").write_bytes(b"\0" * 64)
    prepared = prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    assert [one.source for one in prepared.refused] == ["nobody.mp4", "torn.mp4"]
    assert "no face" in prepared.refused[0].why
    assert prepare([tmp_path / "raw"], tmp_path / "set", SMALL).done == 0


def test_nothing_at_all_is_an_error(tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(InputError, match="no video"):
        prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    with pytest.raises(InputError, match="too short"):
        prepare([tmp_path / "raw"], tmp_path / "set", PrepareOptions(size=64, least_px=64))


def test_the_same_content_counts_once(tmp_path):
    a = film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    (tmp_path / "raw" / "b.mp4").write_bytes(a.read_bytes())
    prepared = prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    assert (prepared.sources, prepared.repeated, prepared.clips) == (2, 1, 1)


def test_a_data_set_that_others_made_is_left_alone(tmp_path):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    theirs = tmp_path / "set" / "manifest.csv"
    theirs.parent.mkdir()
    theirs.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="not replaced"):
        prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    assert theirs.read_text(encoding="utf-8") == "mine"
    assert everything(tmp_path / "set").keys() == {"manifest.csv"}


def test_an_interrupt_keeps_what_is_done_and_leaves_nothing_half_written(tmp_path):
    for name, shift in (("a", 0.0), ("b", 1.0), ("c", 2.0)):
        film(tmp_path / "raw" / f"{name}.mp4", [shift] * 4)
    dataset = tmp_path / "set"

    asked = []  # a second signal would end the test run itself

    def stop(step):
        if step.result is not None and not asked:
            asked.append(step)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Cancelled, match="interrupted"):
        prepare([tmp_path / "raw"], dataset, SMALL, on_step=stop)
    (row,) = rows(dataset)
    assert everything(dataset).keys() == {
        "prepare.jsonl",
        "manifest.csv",
        row["file"],
        row["file"].replace(".mp4", ".npz"),
    }
    rest = prepare([tmp_path / "raw"], dataset, SMALL)
    assert (rest.done, rest.kept, len(rows(dataset))) == (2, 1, 3)


def test_an_interrupt_in_the_middle_of_a_video_is_heard(tmp_path, monkeypatch):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 8)

    asked = []  # a second signal would end the test run itself

    def interrupted(*words, **more):
        if not asked:
            asked.append(words)
            os.kill(os.getpid(), signal.SIGTERM)
        return track_driver(*words, **more)

    monkeypatch.setattr("animate_cli.prepare.worker_task.track_driver", interrupted)
    with pytest.raises(Cancelled) as told:
        prepare([tmp_path / "raw"], tmp_path / "set", SMALL)
    assert "resume" in told.value.hint
    assert everything(tmp_path / "set").keys() == {"prepare.jsonl", "manifest.csv"}


@pytest.mark.parametrize(
    "wish", [{"size": 65}, {"least_frames": 5, "most_frames": 4}, {"jobs": -1}]
)
def test_what_nothing_can_come_of_is_refused_before_any_work(tmp_path, wish):
    film(tmp_path / "a.mp4", [0.0] * 8)
    with pytest.raises(OptionError):
        prepare([tmp_path / "a.mp4"], tmp_path / "set", PrepareOptions(**wish))
    assert not (tmp_path / "set").exists()


def test_a_torn_journal_costs_its_last_line_only(tmp_path):
    for name, shift in (("a", 0.0), ("b", 1.0)):
        film(tmp_path / "raw" / f"{name}.mp4", [shift] * 4)
    dataset = tmp_path / "set"
    prepare([tmp_path / "raw"], dataset, SMALL)
    journal = dataset / "prepare.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    assert prepare([tmp_path / "raw"], dataset, SMALL).done == 1
    assert prepare([tmp_path / "raw"], dataset, SMALL).done == 0
    assert len(rows(dataset)) == 2


def test_a_second_run_waits_for_nobody(tmp_path):
    film(tmp_path / "raw" / "a.mp4", [0.0] * 4)
    dataset = tmp_path / "set"

    told = []

    def intrude(step):
        told.append((step.done, step.total, step.kept))
        with pytest.raises(OutputError, match="another run"):
            prepare([tmp_path / "raw"], dataset, SMALL)

    assert prepare([tmp_path / "raw"], dataset, SMALL, on_step=intrude).done == 1
    assert told == [(0, 1, 0), (1, 1, 0)]


def test_a_folder_of_frames_becomes_the_clip_that_the_video_would(tmp_path):
    folder = tmp_path / "frames" / "ada"
    folder.mkdir(parents=True)
    for k, shift in enumerate(np.linspace(-3, 3, 6)):
        cv2.imwrite(str(folder / f"{k:04d}.png"), toy_frame(240, 120, shift=shift)[..., ::-1])
    prepared = prepare([tmp_path / "frames"], tmp_path / "set", SMALL)
    (row,) = rows(tmp_path / "set")
    assert (prepared.clips, prepared.frames, prepared.images) == (1, 6, 0)
    assert (row["identity"], row["fps"], row["frames"]) == ("ada", "25.0", "6")
    points, found = clip_points(tmp_path / "set" / row["file"])
    assert found.all()
    for pixels, own in zip(frames_of(tmp_path / "set" / row["file"]), points, strict=True):
        assert own[36:48].mean(axis=0)[0] == pytest.approx(find_disc(pixels)[0], abs=0.7)
