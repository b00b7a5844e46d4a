"""A small network from an ONNX file, run by the optional package onnxruntime."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import OptionError, WeightsError

Array = NDArray[np.float32]
Network = Callable[[NDArray[Any]], dict[str, Array]]
NetworkOfMany = Callable[[Mapping[str, NDArray[Any]]], dict[str, Array]]


def open_network(path: Path) -> Network:
    """A network with one input, on one thread: the input -> its outputs by name.

    Raises:
        WeightsError: the file does not exist or is no network.
        OptionError: onnxruntime is not installed.
    """
    session = _session(path)
    name = session.get_inputs()[0].name

    def run(batch: NDArray[Any]) -> dict[str, Array]:
        return _outputs(session, {name: batch})

    return run


def open_network_of_many(path: Path) -> NetworkOfMany:
    """A network with several inputs, on one thread: inputs by name -> outputs by name.

    Raises:
        WeightsError, OptionError: as `open_network`.
    """
    session = _session(path)
    return lambda batches: _outputs(session, batches)


def _session(path: Path) -> Any:
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="name the folder that holds this file")
    try:
        onnxruntime: Any = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise OptionError(
            f"{path.name} needs the package onnxruntime, which is not installed",
            hint="install it with: pip install onnxruntime",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _outputs(session: Any, batches: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    given = {name: np.ascontiguousarray(batch, np.float32) for name, batch in batches.items()}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))
