"""A recipe's [network] table is laid over a preset, which keeps whatever it does not state."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from animate_cli.errors import OptionError
from animate_cli.models.sparse_to_dense.network import SparseMotionConfig
from animate_cli.models.sparse_to_dense.presets import (
    PRESETS,
    NetworkSize,
    NetworkSwitches,
    network_config,
    read_network,
    switches,
)

SWITCHES = [field.name for field in fields(NetworkSwitches)]


def config_of(table: dict[str, object]) -> SparseMotionConfig:
    return network_config(read_network(table, where="test"))


@pytest.mark.parametrize("size", NetworkSize)
def test_a_size_alone_is_its_preset(size: NetworkSize) -> None:
    assert config_of({"size": size.value}) == PRESETS[size]


def test_no_table_is_the_fast_preset() -> None:
    assert config_of({}) == PRESETS[NetworkSize.FAST]


def test_the_published_network_has_no_prior_and_works_on_whole_pixels() -> None:
    paper = config_of({"size": "paper"})
    assert not paper.prior
    assert paper.refine.fold == 1


@pytest.mark.parametrize("size", NetworkSize)
@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_turns_and_turns_nothing_else(size: NetworkSize, switch: str) -> None:
    own = switches(PRESETS[size])
    other = not getattr(own, switch)
    config = config_of({"size": size.value, switch: other})
    assert switches(config) == replace(own, **{switch: other})
    back = config_of({"size": size.value, switch: not other})
    assert back == PRESETS[size]


@pytest.mark.parametrize("table", [{"priors": True}, {"size": "huge"}, {"prior": 1}])
def test_mistakes_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(OptionError, match="test"):
        config_of(table)
