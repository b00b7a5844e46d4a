"""Weight files: tensors and config, read and written; a missing or extra tensor is an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn

from animate_cli.errors import OptionError, WeightsError
from animate_cli.typed import plain, typed

Config = TypeVar("Config")

COUNTER = "num_batches_tracked"  # of batch normalisation: no meaning outside its training
REINSTALL = "use weights made by this version, or train them again"


def read_config(
    record: type[Config],
    metadata: Mapping[str, str],
    *,
    where: str,
    retired: tuple[str, ...] = (),
) -> Config:
    """The typed config that a weight file carries under "config", as JSON.

    retired: keys of former versions, which older files hold as null.

    Raises:
        WeightsError: there is none, or it does not fit.
    """
    try:
        config = json.loads(metadata["config"])
        kept = {key: config[key] for key in config if key not in retired or config[key] is not None}
        return typed(record, kept, where=where)
    except (KeyError, json.JSONDecodeError, OptionError) as error:
        raise WeightsError(f"{where}: no usable config ({error})", hint=REINSTALL) from error


def load_strictly(network: nn.Module, tensors: Mapping[str, Tensor], *, where: str) -> None:
    """Load every tensor of a network, widened to its own dtype.

    Raises:
        WeightsError: a tensor is missing, unexpected, or of another shape.
    """
    try:
        counters = {k: v for k, v in network.state_dict().items() if k.endswith(COUNTER)}
        network.load_state_dict({**counters, **tensors}, strict=True)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{where}: {reason}", hint=REINSTALL) from error


def digest(network: nn.Module) -> str:
    """16 hexadecimal digits that name a network's weights."""
    content = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        content.update(name.encode())
        content.update(value.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()[:16]


def save_half(network: nn.Module, config: Any, path: Path, *, notes: Mapping[str, str]) -> None:
    """Write a network as fp16 safetensors with its config (and notes, such as the recipe) inside.

    Written beside and renamed, so that a reader never sees half a file.
    """
    tensors = {
        name: value.detach().cpu().to(torch.float16 if value.is_floating_point() else value.dtype)
        for name, value in network.state_dict().items()
        if not name.endswith(COUNTER)
    }
    metadata = {"format": "pt", "config": json.dumps(plain(config), sort_keys=True), **notes}
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save({k: v.contiguous() for k, v in tensors.items()}, metadata=metadata))
    beside.replace(path)
