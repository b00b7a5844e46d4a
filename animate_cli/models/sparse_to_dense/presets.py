"""Which form of the default model a recipe trains: its size, and the ablation's switches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from animate_cli.models.sparse_to_dense.model import FAST, INSIDE, PAPER
from animate_cli.models.sparse_to_dense.network import SparseMotionConfig
from animate_cli.models.sparse_to_dense.render_steps import RenderStep


class NetworkSize(StrEnum):
    """Which of the model's configs."""

    FAST = "fast"
    PAPER = "paper"


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe:
    """The config, and a switch for every row of the ablation (table 4; grid_cue: table 1), and
    for ours. steps: of those around the network that training and its evaluation take; use takes
    all."""

    size: NetworkSize = NetworkSize.FAST
    prior: bool = True
    adain: bool = True
    add_motion: bool = True
    local_branches: bool = True
    local_paint: bool = True
    grid_cue: bool = True
    layered: bool = False
    inside: bool = False
    steps: tuple[RenderStep, ...] = ()


_CONFIGS = {NetworkSize.FAST: FAST, NetworkSize.PAPER: PAPER}


def network_config(choice: NetworkRecipe) -> SparseMotionConfig:
    """The config with its switches set."""
    config = _CONFIGS[choice.size]
    adain, add_motion = choice.adain, choice.add_motion
    return replace(
        config,
        prior=choice.prior,
        layered=choice.layered,
        inside=INSIDE if choice.inside else None,
        local_branches=choice.local_branches,
        local_paint=choice.local_paint and config.local_paint,
        whole=replace(config.whole, adain=adain, add_motion=add_motion),
        local=replace(config.local, adain=adain, add_motion=add_motion),
        refine=replace(config.refine, grid_cue=choice.grid_cue),
    )
