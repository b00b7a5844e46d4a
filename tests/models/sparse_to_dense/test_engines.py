"""The default model, whole, by every engine."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from animate_cli.errors import OptionError
from animate_cli.layers.inference.engine import TOLERANCE, installed
from animate_cli.models.base import engine_of
from animate_cli.models.find import find_model
from animate_cli.models.sparse_to_dense.model import FAST, SparseToDense
from animate_cli.models.sparse_to_dense.network import SparseMotion
from animate_cli.options import Engine


@pytest.mark.parametrize("engine", [Engine.ONNX, Engine.OPENVINO])
def test_a_frame_is_the_same_by_every_engine(
    engine: Engine, face_picture: Tensor, face_points: Tensor
) -> None:
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    torch.manual_seed(4)
    network = SparseMotion(FAST).eval()
    nn.init.normal_(network.refine.head.weight, std=0.1)
    drivers = torch.cat((face_points + 2, face_points - 3))
    plain, other = SparseToDense(network), SparseToDense(network, engine=engine)
    assert (engine_of(plain), engine_of(other)) == (Engine.TORCH, engine)
    with torch.inference_mode():
        right, _ = plain.render(plain.encode_source(face_picture, face_points), drivers)
        mine, _ = other.render(other.encode_source(face_picture, face_points), drivers)
    assert (mine.face - right.face).abs().max() < TOLERANCE
    assert mine.refine_mask is not None
    assert right.refine_mask is not None
    assert (mine.refine_mask - right.refine_mask).abs().max() < TOLERANCE


def test_a_model_that_runs_by_torch_alone_refuses_another_engine() -> None:
    with pytest.raises(OptionError, match=r"thin_plate.*torch alone.*--engine onnx"):
        find_model("thin_plate", device="cpu", engine=Engine.ONNX)


@pytest.mark.parametrize("engine", [Engine.AUTO, Engine.TORCH])
def test_every_model_runs_by_torch(engine: Engine) -> None:
    assert engine_of(find_model("thin_plate", device="cpu", engine=engine)) is Engine.TORCH
