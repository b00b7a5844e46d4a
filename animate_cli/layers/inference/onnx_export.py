"""A module as an ONNX graph: the form that engines other than torch read."""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor, nn

_OPSET = 17


def onnx_graph(module: nn.Module, example: tuple[Tensor, ...]) -> bytes:
    """The module's graph: inputs named i0, i1, ..., results o0, o1, ..., each with a free batch.

    An input that the module does not use is not in the graph.
    """
    with torch.no_grad():
        results = module(*example)
    inputs = [f"i{index}" for index in range(len(example))]
    outputs = [f"o{index}" for index in range(len(results))]
    graph = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls this exporter old; the new one needs more
        torch.onnx.export(
            module,
            example,
            graph,  # type: ignore[arg-type]  # this exporter takes a stream
            dynamo=False,
            opset_version=_OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in (*inputs, *outputs)},
        )
    return graph.getvalue()
