"""ONNX Runtime as an engine."""

from __future__ import annotations

import onnxruntime
import torch
from torch import Tensor


class OnnxSession:
    """A graph of `layers.inference.onnx_export` on a CPU. Its threads do not spin: other stages
    need them."""

    def __init__(self, graph: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(graph, options, providers=providers)
        self._names = {node.name for node in self._session.get_inputs()}

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Tensors (B, ...) on the CPU -> the graph's results."""
        given = {f"i{index}": tensor.numpy() for index, tensor in enumerate(inputs)}
        taken = {name: array for name, array in given.items() if name in self._names}
        return tuple(torch.from_numpy(array) for array in self._session.run(None, taken))
