"""Finds, downloads, verifies and loads network weights by name.

    environment       the only file that reads environment variables
    registry          the list of known weights; addresses hf://org/repo/file@revision
    cache             where a file is on this machine
    checksum          whether a file has the sha256 that is expected
    trust             sha256 and commit that were first seen where the registry states none
    fetch             download into the Hub's cache (transfer: bytes; download_errors: messages)
    formats           reads safetensors, and state dicts of torch without running their code
    load              name -> tensors, through all of the above
    publish           upload of a maintainer's weights

Weights are downloaded only when a run needs them; weights in the package need no network.
"""

from __future__ import annotations

from animate_cli.hub.cache import cached_path, require_commercial
from animate_cli.hub.checksum import (
    WeightState,
    WeightUsed,
    advice,
    file_state,
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
