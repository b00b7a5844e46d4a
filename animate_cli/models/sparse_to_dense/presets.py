"""The sizes of the default model that a recipe can train, and the switches that change them.

A preset states every switch; the keys of a recipe's [network] table are laid over the preset's, so
a key that the table does not state keeps the preset's own value:

    [network]
    size = "paper"     # no prior, for the paper has none
    adain = false      # the only difference
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from animate_cli.models.sparse_to_dense.model import FAST, INSIDE, PAPER
from animate_cli.models.sparse_to_dense.network import SparseMotionConfig
from animate_cli.models.sparse_to_dense.render_steps import RenderStep
from animate_cli.typed import plain, typed


class NetworkSize(StrEnum):
    """The presets."""

    FAST = "fast"
    PAPER = "paper"


@dataclass(frozen=True, kw_only=True)
class NetworkSwitches:
    """The parts that a network may lack: rows of Zhao et al.'s ablation (table 4; grid_cue: table
    1), and ours (prior, local_paint, layered, inside)."""

    prior: bool
    adain: bool
    add_motion: bool
    local_branches: bool
    local_paint: bool
    grid_cue: bool
    layered: bool
    inside: bool


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe(NetworkSwitches):
    """A whole [network] table. steps: those around the network that training and its evaluation
    take, too; use takes all."""

    size: NetworkSize
    steps: tuple[RenderStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Size:
    """The key that chooses the preset."""

    size: NetworkSize = NetworkSize.FAST


PRESETS: Mapping[NetworkSize, SparseMotionConfig] = {
    NetworkSize.FAST: FAST,
    NetworkSize.PAPER: PAPER,
}


def read_network(table: Mapping[str, Any], *, where: str) -> NetworkRecipe:
    """The table laid over the preset of its size, `fast` unless it states one.

    Args:
        where: the table's name for messages.

    Raises:
        OptionError: an unknown key, size or value.
    """
    size = typed(_Size, {key: table[key] for key in table if key == "size"}, where=where).size
    own = {**plain(switches(PRESETS[size])), "size": size.value}
    return typed(NetworkRecipe, own | dict(table), where=where)


def switches(config: SparseMotionConfig) -> NetworkSwitches:
    """Which parts a config has."""
    return NetworkSwitches(
        prior=config.prior,
        adain=config.whole.adain,
        add_motion=config.whole.add_motion,
        local_branches=config.local_branches,
        local_paint=config.local_paint,
        grid_cue=config.refine.grid_cue,
        layered=config.layered,
        inside=config.inside is not None,
    )


def network_config(chosen: NetworkRecipe) -> SparseMotionConfig:
    """The preset of the recipe's size, with exactly the recipe's parts."""
    config = PRESETS[chosen.size]
    adain, add_motion = chosen.adain, chosen.add_motion
    return replace(
        config,
        prior=chosen.prior,
        local_branches=chosen.local_branches,
        local_paint=chosen.local_paint,
        layered=chosen.layered,
        inside=INSIDE if chosen.inside else None,
        whole=replace(config.whole, adain=adain, add_motion=add_motion),
        local=replace(config.local, adain=adain, add_motion=add_motion),
        refine=replace(config.refine, grid_cue=chosen.grid_cue),
    )
