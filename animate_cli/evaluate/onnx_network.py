"""A small network of others, from an ONNX file, through onnxruntime, an extra."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import OptionError, WeightsError

Array = NDArray[np.float32]
Network = Callable[[NDArray[Any]], dict[str, Array]]


def open_network(path: Path) -> Network:
    """The network of a file, one thread: its first input -> its outputs by name.

    Raises:
        WeightsError: the file does not exist or is no network.
        OptionError: onnxruntime is not installed.
    """
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
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    outputs = [output.name for output in session.get_outputs()]

    def run(batch: NDArray[Any]) -> dict[str, Array]:
        found = session.run(None, {name: np.ascontiguousarray(batch, np.float32)})
        return dict(zip(outputs, found, strict=True))

    return run
