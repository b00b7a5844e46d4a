"""Recipes state differences, and nothing that nobody understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from animate_cli.errors import OptionError
from animate_cli.train.recipe import (
    DataLayout,
    DataRecipe,
    Precision,
    SourceRecipe,
    StepRecipe,
    changed,
    read_recipe,
)

HEAD = 'objective = "landmarks"\nname = "x"\n'


@pytest.fixture
def write(tmp_path):
    def go(text: str, name: str = "r.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return go


def test_what_is_not_stated_is_the_default(write, tmp_path):
    recipe = read_recipe(write(HEAD + "[steps]\nsteps = 7\n"))
    assert recipe.steps == StepRecipe(steps=7)
    told = changed(recipe, data=tmp_path, steps=9)
    assert (told.steps.steps, told.data.root) == (9, str(tmp_path))


def test_an_extending_recipe_states_only_its_difference(write):
    write(HEAD + "loss.shape = 0.5\n[steps]\nsteps = 7\nbatch = 4\n[data]\nterms = ['a', 'b']\n")
    write('extends = "r.toml"\nname = "y"\n[steps]\nbatch = 2\nprecision = "bf16"\n', "y.toml")
    last = read_recipe(write('extends = "y.toml"\n[data]\nterms = ["c"]\n', "z.toml"))
    assert last.name == "y"
    assert last.steps == StepRecipe(steps=7, batch=2, precision=Precision.BF16)
    assert last.data == DataRecipe(terms=("c",))
    assert last.loss == {"shape": 0.5}


def test_a_base_lies_beside_the_recipe_that_extends_it(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.toml").write_text(HEAD)
    path = tmp_path / "deep" / "r.toml"
    path.write_text('extends = "../base.toml"\nsteps.seed = 3\n')
    assert read_recipe(path).steps.seed == 3


def test_further_sources_are_typed(write):
    text = '[[data.extra]]\nlayout = "wflw"\nroot = "W"\nlist = "l.txt"\n'
    (source,) = read_recipe(write(HEAD + text)).data.extra
    assert source == SourceRecipe(layout=DataLayout.WFLW, root="W", list="l.txt")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "[steps]\nstep = 7\n", "unknown key 'step'"),
        (HEAD + 'steps.precision = "fp8"\n', "not one of fp32"),
        (HEAD + "steps.batch = 0\n", "steps.batch is 0"),
        (HEAD + "log.every = 0\n", "log.every is 0"),
        (HEAD + '[[data.extra]]\nlayout = "wflv"\nroot = ""\n', "not one of clips"),
        ("objective = ", "not TOML"),
        ('extends = "r.toml"\n', "extends itself"),
        ('extends = "absent.toml"\n', "cannot read"),
        ("extends = 3\n", "extends 3"),
    ],
)
def test_what_cannot_be_meant_is_refused(write, text, problem):
    with pytest.raises(OptionError, match=problem):
        read_recipe(write(text))
