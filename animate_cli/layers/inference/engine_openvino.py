"""OpenVINO as an engine: in single precision, which it would leave where a CPU has bfloat16.

It reads an ONNX graph: `openvino.convert_model`, which takes modules, reports its use to its maker.
"""

from __future__ import annotations

import io
import threading

import openvino
import torch
from torch import Tensor


class OpenVinoSession:
    """A graph of `layers.inference.onnx_export` on a CPU; compiling it takes some tenths of a
    second."""

    def __init__(self, graph: bytes, threads: int) -> None:
        core = openvino.Core()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled = core.compile_model(core.read_model(io.BytesIO(graph)), "CPU", settings)
        self._names = {port.any_name for port in self._compiled.inputs}
        self._own = threading.local()  # a request works for one thread at a time

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Tensors (B, ...) on the CPU -> the graph's results."""
        given = {f"i{index}": tensor.numpy() for index, tensor in enumerate(inputs)}
        taken = {name: array for name, array in given.items() if name in self._names}
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        results = self._own.request.infer(taken)  # copies: the next call would write over its own
        return tuple(torch.from_numpy(array) for array in results.values())
