"""Which jobs, in which order, under which names; names never leave the folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animate_cli.batch.names import (
    LONGEST_PART,
    TEMPLATE,
    check_inside,
    check_template,
    clean_stem,
    fill_template,
    output_path,
)
from animate_cli.batch.options import BatchPairing, Shard
from animate_cli.batch.plan import BatchPlan, plan_batch
from animate_cli.errors import AnimateError, InputError, OptionError
from animate_cli.options import Codec, Options, OutputOptions

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("p/a.png", "p/b.JPG", "p/.hidden.png", "p/notes.txt", "v/1.mp4", "v/2.mov"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
    return tmp_path


def untouched(options: Options, cells: Mapping[str, object]) -> Options:
    return options


def plan(
    *sources: str,
    driver: tuple[str, ...] = ("v",),
    pair: BatchPairing | None = None,
    name: str = "{source}--{driver}",
    shard: Shard | None = None,
    options: Options | None = None,
) -> BatchPlan:
    return plan_batch(
        sources,
        driver,
        Path("out"),
        options or Options(),
        override=untouched,
        pairing=pair,
        template=name,
        shard=shard or Shard(),
    )


def names(made: BatchPlan) -> list[str]:
    return [job.name for job in made.jobs]


def test_every_source_meets_every_driver_in_a_fixed_order(here: Path) -> None:
    made = plan("p")
    assert names(made) == ["a--1.mp4", "a--2.mp4", "b--1.mp4", "b--2.mp4"]
    assert made.left_out == 1
    assert made.jobs[1].output == Path("out/a--2.mp4")


@pytest.mark.parametrize("words", [("p/a.png", "p/b.JPG"), ("p/*",), ("**/*.png", "p/[b].*")])
def test_files_and_patterns_mean_the_same_as_their_folder(
    here: Path, words: tuple[str, ...]
) -> None:
    (here / "p" / "notes.txt").unlink()
    assert names(plan(*words)) == names(plan("p"))


def test_a_file_named_like_a_pattern_is_that_file(here: Path) -> None:
    (here / "a[1]*.png").write_text("x")
    assert [job.source for job in plan("a[1]*.png", driver=("v/1.mp4",)).jobs] == [
        Path("a[1]*.png")
    ]


def test_zip_pairs_one_to_one_or_not_at_all(here: Path) -> None:
    assert names(plan("p", pair=BatchPairing.ZIP)) == ["a--1.mp4", "b--2.mp4"]
    with pytest.raises(OptionError, match="2 sources and 1 drivers"):
        plan("p", driver=("v/1.mp4",), pair=BatchPairing.ZIP)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_a_partition(here: Path, count: int) -> None:
    parts = [plan("p", shard=Shard(number=n + 1, count=count)) for n in range(count)]
    assert sorted(name for part in parts for name in names(part)) == names(plan("p"))
    assert {part.total for part in parts} == {4}


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "a/b", "1/2/3", "-1/2", "²/3"])
def test_a_shard_that_is_none(text: str) -> None:
    with pytest.raises(OptionError):
        Shard.parse(text)


def test_the_suffix_is_the_codecs(here: Path) -> None:
    options = Options(output=OutputOptions(codec=Codec.PRORES))
    assert names(plan("p/a.png", driver=("v/1.mp4",), options=options)) == ["a--1.mov"]
    assert names(plan("p/a.png", driver=("p/b.JPG",), options=options)) == ["a--b.png"]


def test_a_folder_of_numbered_pictures_is_one_driver(here: Path) -> None:
    assert [job.driver for job in plan("p/a.png", driver=("p",)).jobs] == [Path("p")]


def test_names_that_clash_are_told_apart_and_stay_so(here: Path) -> None:
    (here / "p" / "A.webp").write_text("x")  # the same as a.png where case does not count
    first = plan("p", driver=("v/1.mp4",))
    assert len({name.casefold() for name in names(first)}) == 3
    assert names(first) == names(plan("p", driver=("v/1.mp4",)))
    assert "b--1.mp4" in names(first)


def test_the_same_pair_twice_is_refused(here: Path) -> None:
    with pytest.raises(OptionError, match="another job writes"):
        plan("p/a.png", "p/a.png", driver=("v/1.mp4",))


def test_nothing_to_do_is_told(here: Path) -> None:
    (here / "empty").mkdir()
    for word in ("empty", "none*.png", "v/*.png"):
        with pytest.raises(InputError, match="names no file"):
            plan(word)
    with pytest.raises(OptionError, match="no driver"):
        plan("p", driver=())


def test_a_pattern_that_the_shell_took_apart_is_understood(here: Path) -> None:
    with pytest.raises(OptionError, match="among the sources") as caught:
        plan("p/a.png", "v/2.mov", driver=("v/1.mp4",))
    assert "'videos/*.mp4'" in caught.value.hint


@needs_links
def test_a_circle_of_links_ends(here: Path) -> None:
    (here / "p" / "loop").symlink_to(here / "p", target_is_directory=True)
    (here / "p" / "self.png").symlink_to(here / "p" / "self.png")
    assert names(plan("p/**/*.png", driver=("v/1.mp4",))) == ["a--1.mp4"]
    assert names(plan("p", driver=("v/1.mp4",))) == ["a--1.mp4", "b--1.mp4"]


@needs_links
def test_a_link_out_of_the_folder_is_refused(here: Path) -> None:
    (here / "out").mkdir()
    (here / "elsewhere").mkdir()
    (here / "out" / "a").symlink_to(here / "elsewhere", target_is_directory=True)
    with pytest.raises(OptionError, match="leads out"):
        plan("p", name="{source}/{driver}")
    assert names(plan("p/b.JPG", name="{source}/{driver}")) == ["b/1.mp4", "b/2.mp4"]


OUTSIDE = (
    *("../x", "a/../../x", "/x", "//x/y", "C:x", "C:\\x", "\\\\host\\x", "..\\x", "a\\..\\..\\x"),
    *("", ".", "..", ".hidden", "a/.b", "a\0b", "a\nb", "~/../../x", "x/" * 30 + "x"),
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_outside_the_folder_are_refused(name: str) -> None:
    with pytest.raises(OptionError):
        check_inside(name, where="here")
    with pytest.raises(OptionError):
        check_template(name)


@pytest.mark.parametrize("name", ["{x}", "{source.__class__}", "{source[0]}", "{", "{}", "{0}"])
def test_templates_reach_nothing_but_their_fields(name: str) -> None:
    with pytest.raises(OptionError, match="--name"):
        check_template(name)


@settings(deadline=None)
@given(st.text(), st.text())
def test_whatever_the_inputs_are_called_the_result_lies_inside(source: str, driver: str) -> None:
    name = (
        fill_template("{source}/{driver}-{number}", source=source, driver=driver, number=7) + ".mp4"
    )
    check_inside(name, where="here")
    assert name.count("/") == 1
    assert all(len(os.fsencode(part)) <= LONGEST_PART for part in name.split("/"))
    folder = Path("some") / "folder"
    assert output_path(folder, name).parent.parent == folder


@settings(deadline=None)
@given(st.text(), st.text())
def test_long_names_stay_different(a: str, b: str) -> None:
    one, two = (
        fill_template("{source}", source="x" * 200 + t + "x", driver="", number=1) for t in (a, b)
    )
    assert (one == two) == (clean_stem(a + "x") == clean_stem(b + "x"))


def test_a_manifests_name_may_be_long_but_not_too_long() -> None:
    check_inside("a" * LONGEST_PART, where="here")
    with pytest.raises(OptionError, match="too long"):
        check_inside("é" * LONGEST_PART, where="here")


def test_results_do_not_become_sources_of_the_next_run(here: Path) -> None:
    first = plan_batch(
        ["p/a.png"], ["p/b.JPG"], Path("p"), Options(), override=untouched, template=TEMPLATE
    )
    first.jobs[0].output.write_text("a result")
    with pytest.raises(OptionError, match="both an input and a result"):
        plan_batch(["p"], ["p/b.JPG"], Path("p"), Options(), override=untouched)


def test_too_many_jobs_are_refused_before_they_are_made(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("animate_cli.batch.plan.MOST_JOBS", 3)
    with pytest.raises(AnimateError, match="4 jobs"):
        plan("p")
