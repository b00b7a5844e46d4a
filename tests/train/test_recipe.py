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
    read_recipe,
    with_overrides,
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
    told = with_overrides(recipe, data=tmp_path, steps=9)
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


STAGES = """
steps = { steps = 7, batch = 4 }
loss.shape = 0.5

[[stage]]
name = "first"
steps.steps = 3

[[stage]]
name = "second"
objective = "landmarks_sbr"
loss.runs = 3
"""


def test_a_stage_is_laid_over_the_rest_of_its_file(write):
    recipe = read_recipe(write(HEAD + STAGES))
    first, second = recipe.stages
    assert (first.name, first.objective, first.loss) == ("first", "landmarks", {"shape": 0.5})
    assert first.steps == StepRecipe(steps=3, batch=4)
    assert (second.name, second.objective) == ("second", "landmarks_sbr")
    assert second.loss == {"shape": 0.5, "runs": 3}
    assert second.steps == recipe.steps == StepRecipe(steps=7, batch=4)


def test_a_recipe_without_stages_is_its_only_one(write):
    recipe = read_recipe(write(HEAD))
    assert recipe.stages == (recipe,)


def test_an_extending_recipe_takes_the_stages_over_or_states_its_own(write):
    write(HEAD + STAGES)
    taken = read_recipe(write('extends = "r.toml"\nsteps.batch = 2\n', "y.toml"))
    assert [stage.steps.batch for stage in taken.stages] == [2, 2]
    dropped = read_recipe(write('extends = "r.toml"\nstage = []\n', "z.toml"))
    assert dropped.stages == (dropped,)


def test_the_command_line_reaches_every_stage(write, tmp_path):
    told = with_overrides(read_recipe(write(HEAD + STAGES)), data=tmp_path, steps=2)
    assert {(s.data.root, s.steps.steps) for s in told.stages} == {(str(tmp_path), 2)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD + "[steps]\nstep = 7\n", "unknown key 'step'"),
        (HEAD + 'steps.precision = "fp8"\n', "not one of fp32"),
        (HEAD + "steps.batch = 0\n", "steps.batch is 0"),
        (HEAD + "log.every = 0\n", "log.every is 0"),
        (HEAD + '[[data.extra]]\nlayout = "wflv"\nroot = ""\n', "not one of clips"),
        (HEAD + "[[stage]]\nsteps.steps = 7\n", "stage 1 has no name"),
        (HEAD + '[[stage]]\nname = "a"\nsteps.step = 7\n', "stage 1.*unknown key 'step'"),
        (HEAD + '[[stage]]\nname = "a"\nstep = 7\n', "stage 1: unknown key 'step'"),
        (HEAD + '[[stage]]\nname = "a"\nsteps.batch = 0\n', "steps.batch is 0"),
        (HEAD + '[[stage]]\nname = "a"\ninit = "w"\n', "states 'init'"),
        (HEAD + '[[stage]]\nname = "a"\n[[stage.stage]]\nname = "b"\n', "states 'stage'"),
        (HEAD + 'stage = "a"\n', "no list of tables"),
        (HEAD + "[[stages]]\nname = 'a'\n", "unknown key 'stages'"),
        ("objective = ", "not TOML"),
        ('extends = "r.toml"\n', "extends itself"),
        ('extends = "absent.toml"\n', "cannot read"),
        ("extends = 3\n", "extends 3"),
    ],
)
def test_what_cannot_be_meant_is_refused(write, text, problem):
    with pytest.raises(OptionError, match=problem):
        read_recipe(write(text))
