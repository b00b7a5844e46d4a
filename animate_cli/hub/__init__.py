"""The only door to weights: name -> (embedded | placed | cached | the Hub) -> sha256 -> tensors.

    environment   the only file that reads the environment
    registry      which weights there are; addresses hf://org/repo/file@revision
    shelves       where a file lies on this machine, and whether it is what it should be
    trust         what was first seen under an address, where the registry knows no sha256
    fetch         from the Hub into its cache (transfer: the bytes; refusals: what can stop it)
    formats       safetensors, and state dicts of torch without their code
    publish       from a maintainer's disk to the Hub

A weight is fetched only when a run asks for it by name; what is embedded needs no network.
"""

from __future__ import annotations

from animate_cli.hub.cache import (
    WeightState,
    WeightUsed,
    advice,
    cached_path,
    file_state,
    require_commercial,
    state,
    used,
    verified_path,
)
from animate_cli.hub.environment import (
    cache_dir,
    commercial_only,
    config_dir,
    embedded_dir,
    hub_cache_dir,
    runs_dir,
    trajectories_dir,
)
from animate_cli.hub.fetch import fetch, renew
from animate_cli.hub.formats import read, read_published
from animate_cli.hub.load import (
    load,
    load_published,
    obtain,
    require_commercial_model,
    used_by,
)
from animate_cli.hub.publish import Visibility, publish
from animate_cli.hub.registry import (
    REGISTRY,
    CommercialUse,
    WeightEntry,
    WeightFile,
    entry,
    for_model,
    registry,
)
from animate_cli.hub.transfer import OnTransfer, Transfer

__all__ = [
    "REGISTRY",
    "CommercialUse",
    "OnTransfer",
    "Transfer",
    "Visibility",
    "WeightEntry",
    "WeightFile",
    "WeightState",
    "WeightUsed",
    "advice",
    "cache_dir",
    "cached_path",
    "commercial_only",
    "config_dir",
    "embedded_dir",
    "entry",
    "fetch",
    "file_state",
    "for_model",
    "hub_cache_dir",
    "load",
    "load_published",
    "obtain",
    "publish",
    "read",
    "read_published",
    "registry",
    "renew",
    "require_commercial",
    "require_commercial_model",
    "runs_dir",
    "state",
    "trajectories_dir",
    "used",
    "used_by",
    "verified_path",
]
