"""A network of one 1 x 1 convolution as an ONNX file, written byte by byte: no package is needed.

It has only the fields that readers use. The numbers beside them are those of onnx.proto.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT = 1  # TensorProto.DataType


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field of a protobuf message: a number, a text or a message within."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, values: NDArray[np.float32]) -> bytes:
    shape = b"".join(field(1, extent) for extent in values.shape)
    raw = np.ascontiguousarray(values, "<f4").tobytes()
    return shape + field(2, FLOAT) + field(8, name) + field(9, raw)


def value_info(name: str, shape: tuple[int, ...]) -> bytes:
    extents = b"".join(field(1, field(1, extent)) for extent in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, extents)))


def write_pointwise(
    path: Path, weight: NDArray[np.float32], bias: NDArray[np.float32], size: int
) -> None:
    """y[o] = sum_i weight[o, i] x[i] + bias[o] at every pixel: (1, I, S, S) -> (1, O, S, S)."""
    outputs, inputs = weight.shape
    names = b"".join(field(1, name) for name in ("x", "weight", "bias"))
    node = names + field(2, "y") + field(4, "Conv")
    graph = (
        field(1, node)
        + field(2, "pointwise")
        + field(5, tensor("weight", weight[:, :, None, None]))
        + field(5, tensor("bias", bias))
        + field(11, value_info("x", (1, inputs, size, size)))
        + field(12, value_info("y", (1, outputs, size, size)))
    )
    operators = field(1, "") + field(2, 13)
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, operators))
