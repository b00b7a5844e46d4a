"""Blind studies: the page hides the models, the key turns votes into shares, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from browser import browser, visit
from PIL import Image as Pillow

from animate_cli.errors import OptionError
from animate_cli.evaluate.user_study.study import Question, ask, key_of, tally, wilson
from animate_cli.evaluate.user_study.study_page import study_page

COLOURS = {"ours": (200, 0, 0), "theirs": (0, 200, 0), "third": (0, 0, 200)}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for model, colour in COLOURS.items():
        (tmp_path / model).mkdir()
        for k in range(12):
            shade = tuple(min(255, c + k) for c in colour)
            Pillow.new("RGB", (32, 32), shade).save(tmp_path / model / f"clip{k}.png")
    Pillow.new("RGB", (32, 32)).save(tmp_path / "ours" / "alone.png")
    return {model: tmp_path / model for model in COLOURS}


def test_every_model_is_in_every_question_at_random_places(folders) -> None:
    questions = ask(folders, seed=0)
    assert sorted(q.clip for q in questions) == sorted(f"clip{k}" for k in range(12))
    for question in questions:
        assert set(question.models) == set(COLOURS)
        assert [path.parent.name for path in question.pictures] == list(question.models)
        assert {path.stem for path in question.pictures} == {question.clip}
    assert len({question.models for question in questions}) > 2
    assert ask(folders, seed=0) == questions != ask(folders, seed=1)
    assert len(ask(folders, seed=0, limit=5)) == 5


def test_the_page_hides_the_models(folders, tmp_path: Path) -> None:
    text = study_page(ask(folders, seed=0))
    for word in (*COLOURS, "clip", str(tmp_path), ".png"):
        assert word not in text.partition("base64,")[0]
    bare = "".join(part.partition('"')[2] for part in text.split("base64,")[1:])
    assert not any(word in bare for word in (*COLOURS, "clip"))
    assert text.count("data:image/png") == 36
    assert "http" not in text.replace("http-equiv", "")


def write(path: Path, record: object) -> Path:
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def ballot(path: Path, questions: list[Question], voter: str, choices: list[str]) -> Path:
    votes = {str(k): questions[k].models.index(model) for k, model in enumerate(choices)}
    record = {"study": key_of(questions)["study"], "voter": voter, "votes": votes}
    return write(path, record)


def test_a_vote_counts_for_the_model_of_the_picture(folders, tmp_path: Path) -> None:
    questions = ask(folders, seed=0)
    key = write(tmp_path / "key.json", key_of(questions))
    one = ballot(tmp_path / "1.json", questions, "a", ["ours"] * 12)
    two = ballot(tmp_path / "2.json", questions, "b", ["theirs"] * 3 + ["ours"])
    found = tally(key, [one, two])
    assert (found.people, found.votes) == (2, 16)
    assert {s.model: s.votes for s in found.shares} == {"ours": 13, "theirs": 3, "third": 0}
    assert sum(s.share for s in found.shares) == pytest.approx(1)
    assert all(s.low <= s.share <= s.high for s in found.shares)


def test_intervals_are_wilsons() -> None:
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Brown, Cai, DasGupta 2001
    assert wilson(0, 10)[0] == 0
    assert wilson(0, 0) == (0, 1)


def test_votes_that_do_not_count_are_refused(folders, tmp_path: Path) -> None:
    questions = ask(folders, seed=0)
    key = write(tmp_path / "key.json", key_of(questions))
    good = ballot(tmp_path / "1.json", questions, "a", ["ours"])
    other = ballot(tmp_path / "2.json", ask(folders, seed=1), "b", ["ours"])
    again = ballot(tmp_path / "3.json", questions, "a", ["theirs"])
    study = key_of(questions)["study"]
    damaged = [
        write(tmp_path / f"d{k}.json", {"study": study, "voter": str(k), "votes": votes})
        for k, votes in enumerate(({"0": 3}, {"12": 0}, {"0": "x"}, [1], {"-1": 0}))
    ]
    with pytest.raises(OptionError, match="another study"):
        tally(key, [good, other])
    with pytest.raises(OptionError, match="again"):
        tally(key, [good, again])
    for path in damaged:
        with pytest.raises(OptionError, match="damaged votes"):
            tally(key, [path])
    with pytest.raises(OptionError, match="not the key"):
        tally(good, [good])


def test_folders_that_make_no_study_are_refused(folders, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="two models"):
        ask({"ours": folders["ours"]}, seed=0)
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="no clip in common"):
        ask({**folders, "empty": tmp_path / "empty"}, seed=0)
    with pytest.raises(OptionError, match="not a folder"):
        ask({**folders, "none": tmp_path / "none"}, seed=0)


@pytest.mark.slow
@pytest.mark.skipif(browser() is None, reason="no Chromium is installed")
def test_a_browser_takes_votes_that_count(folders, tmp_path: Path) -> None:
    questions = ask(folders, seed=0)
    path = tmp_path / "study.html"
    choosing = (
        "<script>document.querySelectorAll('section').forEach(one => "
        "one.querySelectorAll('button')[1].click());"
        "document.title = document.getElementById('text').value</script></body>"
    )
    path.write_text(study_page(questions).replace("</body>", choosing), encoding="utf-8")
    document, console = visit(path, tmp_path / "profile")
    assert console == []
    saved = document.partition("<title>")[2].partition("</title>")[0]
    votes = tmp_path / "votes.json"
    votes.write_text(saved, encoding="utf-8")
    found = tally(write(tmp_path / "key.json", key_of(questions)), [votes])
    expected = [question.models[1] for question in questions]
    assert {s.model: s.votes for s in found.shares} == {m: expected.count(m) for m in COLOURS}
