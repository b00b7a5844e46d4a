"""Engines: torch, or another library that computes a network's convolutions.

An engine takes a module whose inputs and outputs are plain pictures (convolutions, not grids) and
gives back a module with the same inputs and outputs. Results agree within `TOLERANCE`.

Auto is torch, which may then compute in bfloat16 (`layers.inference.bfloat16`). Measured in turn
on one Zen 4 core, on which other work ran, a frame of the default model took 37.0 ms by torch, 35.2
by ONNX Runtime, 41.6 by OpenVINO (CPU time, least of eight batches): not worth the half second in
which a graph is made before the first frame. In bfloat16 torch took 19.4 ms instead of 26.7."""

from __future__ import annotations

import importlib.util
from typing import Protocol

import torch
from torch import Tensor, nn

from animate_cli.errors import OptionError
from animate_cli.layers.inference.onnx_export import onnx_graph
from animate_cli.options import Engine

TOLERANCE = 1e-4
"""Greatest difference between two engines' outputs, which are about 1 in size."""

NEEDS = {Engine.ONNX: ("onnx", "onnxruntime"), Engine.OPENVINO: ("onnx", "openvino")}
"""Packages that an engine needs."""


class Session(Protocol):
    """A network opened by an engine, for one number of threads."""

    def run(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """The network's results for tensors (B, ...) on the CPU, of any batch size B."""
        ...


def installed() -> tuple[Engine, ...]:
    """The engines whose packages are installed, torch first."""
    others = (engine for engine, packages in NEEDS.items() if all(map(_is_there, packages)))
    return Engine.TORCH, *others


def choose(engine: Engine, device: torch.device | str) -> Engine:
    """The engine that will run: never auto, and torch on everything but a CPU.

    Raises:
        OptionError: its package is not installed.
    """
    if torch.device(device).type != "cpu" or engine is Engine.AUTO:
        return Engine.TORCH
    if engine not in installed():
        missing = " and ".join(name for name in NEEDS[engine] if not _is_there(name))
        hint = f"pip install 'animate-cli[{engine}]', or leave --engine out"
        raise OptionError(f"--engine {engine}: {missing} is not installed", hint=hint)
    return engine


def run_by(engine: Engine, module: nn.Module, example: tuple[Tensor, ...]) -> nn.Module:
    """The same function of as many tensors, computed by a chosen engine.

    example: inputs (B, ...) of the shapes to come; only B may differ later. The module is
    evaluated, and its results no longer have gradients.
    """
    if engine is Engine.TORCH:
        return module
    return ForeignEngine(engine, onnx_graph(module, example))


class ForeignEngine(nn.Module):
    """A graph of `onnx_graph` as a module. It uses as many threads as torch when it is called, and
    is opened anew when their number changes."""

    def __init__(self, engine: Engine, graph: bytes) -> None:
        super().__init__()
        self._engine, self._graph = engine, graph
        self._threads = 0
        self._session: Session | None = None

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Inputs and results of the module that the graph was made of."""
        threads = torch.get_num_threads()
        if self._session is None or threads != self._threads:
            self._session = _open(self._engine, self._graph, threads)
            self._threads = threads
        return self._session.run(inputs)


def _open(engine: Engine, graph: bytes, threads: int) -> Session:
    if engine is Engine.ONNX:
        from animate_cli.layers.inference.engine_onnx import OnnxSession

        return OnnxSession(graph, threads)
    from animate_cli.layers.inference.engine_openvino import OpenVinoSession

    return OpenVinoSession(graph, threads)


def _is_there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
