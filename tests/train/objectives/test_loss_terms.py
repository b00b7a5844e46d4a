"""The default model's loss is one sum: every term counts once, with the weight of its name."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from animate_cli.train.objectives.sparse_to_dense.loss_terms import LossTerms, LossWeights

TERMS = [field.name for field in fields(LossTerms)]
ZERO = LossTerms(**{name: torch.zeros(()) for name in TERMS})
WEIGHTS = LossWeights(**{name: 2.0 + place for place, name in enumerate(TERMS)})


@pytest.mark.parametrize("name", TERMS)
def test_a_term_counts_with_its_own_weight(name: str) -> None:
    one = replace(ZERO, **{name: torch.ones(())})
    assert one.total(WEIGHTS).item() == getattr(WEIGHTS, name)
    assert one.figures() == {other: float(other == name) for other in TERMS}


def test_every_term_teaches() -> None:
    scalars = {name: torch.ones((), requires_grad=True) for name in TERMS}
    LossTerms(**scalars).total(WEIGHTS).backward()
    assert {name: x.grad.item() for name, x in scalars.items()} == {
        name: getattr(WEIGHTS, name) for name in TERMS
    }
