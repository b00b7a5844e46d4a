"""Expression error: the distance between the expressions of output and driver.

    error = mean over frames of Σ_k (p_k - q_k)²        p of the output, q of the driver

p and q are probabilities of seven expressions by face-api.js's network (MIT): four dense blocks of
separable convolutions. Yi et al. 2020 compute the same error from action units.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.crop import cut, points_box, square
from animate_cli.records import Image, Points

FILE = "faceapi_face_expression_model.safetensors"
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
SIZE = 112
MARGIN = 1.1  # side of the square / longer side of the points' box
BLOCKS = 4
MEAN = (122.782, 117.001, 104.298)

Array = NDArray[np.float64]
ExpressionClassifier = Callable[[Image, Points], Array]
Tensors = dict[str, Tensor]


def load_expression(folder: Path) -> ExpressionClassifier:
    """A function: image (H, W, 3), its landmarks (74, 2) -> probabilities (7,) of `EXPRESSIONS`.

    Raises:
        WeightsError: its file is not in the folder or holds other tensors.
    """
    path = folder / FILE
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="name the folder that holds this file")
    tensors = unpacked(hub.read(path)[1])
    with torch.inference_mode():
        try:
            probabilities(tensors, np.zeros((SIZE, SIZE, 3), np.uint8))
        except (KeyError, RuntimeError) as error:
            message = f"{path} holds other tensors ({error})"
            raise WeightsError(message, hint="give face-api.js's network") from error

    @torch.inference_mode()
    def classify(image: Image, landmarks: Points) -> Array:
        x0, y0, x1, y1 = points_box(landmarks)
        side = MARGIN * max(x1 - x0, y1 - y0)
        return probabilities(
            tensors, cut(image, square(((x0 + x1) / 2, (y0 + y1) / 2), side, SIZE))
        )

    return classify


def unpacked(packed: Tensors) -> Tensors:
    """Weights as floats, NAME = NAME.q · scale + minimum, convolutions (outputs, inputs, rows,
    columns).

    Packed weights are uint8 in TensorFlow's order: (rows, columns, inputs, outputs), depthwise
    (rows, columns, channels, 1), of the last layer (inputs, outputs).
    """
    found: Tensors = {}
    for key, value in packed.items():
        name, _, kind = key.rpartition(".")
        if kind == "q":
            scale, least = packed[f"{name}.scale_min"].tolist()
            weight = value.float() * scale + least
            is_depthwise = name.endswith("depthwise_filter")
            order = {2: (1, 0), 4: (2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)}
            found[name] = weight.permute(order[weight.dim()]).contiguous()
        elif kind == "bias":
            found[key] = value.float()
    return found


def probabilities(tensors: Tensors, face: Image) -> Array:
    """A face (112, 112, 3) -> probabilities (7,)."""
    pixels = torch.from_numpy(np.ascontiguousarray(face)).permute(2, 0, 1)[None].float()
    x = (pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / 255
    for block in range(BLOCKS):
        x = _dense(tensors, f"dense{block}", x)
    pooled = F.avg_pool2d(x, 7, stride=2).flatten(1)
    logits = F.linear(pooled, tensors["fc.weights"], tensors["fc.bias"])
    return logits.softmax(dim=1)[0].double().numpy()


def expression_error(output: Array, driver: Array) -> float:
    """Probabilities (T, 7) of output and driver -> mean squared distance."""
    return float(np.square(output - driver).sum(axis=1).mean())


def _dense(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    """A dense block: four convolutions, each of the last three reads the sum of those before it.
    Height and width are halved."""
    total = features = F.relu(_convolve(tensors, f"{name}.conv0", x, stride=2))
    for index in (1, 2, 3):
        total = total + _convolve(tensors, f"{name}.conv{index}", features, stride=1)
        features = F.relu(total)
    return features


def _convolve(tensors: Tensors, name: str, x: Tensor, *, stride: int) -> Tensor:
    """A full or a separable convolution, padded as TensorFlow pads."""
    bias = tensors[f"{name}.bias"]
    if f"{name}.filters" in tensors:
        return F.conv2d(_padded(x, stride), tensors[f"{name}.filters"], bias, stride)
    channels = x.shape[1]
    depthwise, pointwise = (tensors[f"{name}.{k}_filter"] for k in ("depthwise", "pointwise"))
    y = F.conv2d(_padded(x, stride), depthwise, stride=stride, groups=channels)
    return F.conv2d(y, pointwise, bias)


def _padded(x: Tensor, stride: int) -> Tensor:
    """TensorFlow's "same" padding for windows of three; an odd pixel goes right or below."""
    over = [max((-(-n // stride) - 1) * stride + 3 - n, 0) for n in x.shape[-2:]]
    return F.pad(x, (over[1] // 2, over[1] - over[1] // 2, over[0] // 2, over[0] - over[0] // 2))
