"""Training, evaluation and use call one composition; its named steps are the whole difference."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from animate_cli.faces.segmentation.matte_network import MatteConfig, MatteNetwork
from animate_cli.layers.colour import grey
from animate_cli.models.base import ALONE
from animate_cli.models.sparse_to_dense.model import FAST, PRIOR_COARSENESS, SparseToDense
from animate_cli.models.sparse_to_dense.network import SparseMotion
from animate_cli.models.sparse_to_dense.presets import network_config, read_network
from animate_cli.models.sparse_to_dense.render_steps import (
    ALL_STEPS,
    NO_STEPS,
    RenderStep,
    prior_grid,
)
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.records import BODY, OpenEdges

EDGES = OpenEdges(left=True, bottom=True)


def _trained() -> tuple[SparseMotion, MatteNetwork]:
    """A layered network with the inside of mouths, none of whose weights is zero."""
    torch.manual_seed(3)
    table = {"layered": True, "inside": True}
    network = SparseMotion(network_config(read_network(table, where="recipe"))).eval()
    with torch.no_grad():
        for tensor in network.parameters():
            tensor += 0.01 * torch.randn_like(tensor)
    return network, MatteNetwork(MatteConfig(widths=(8, 12), blocks=1)).eval()


@pytest.mark.parametrize("shift", [0.0, 0.4, 5.0, 90.0])
@pytest.mark.parametrize("is_grey", [False, True])
@pytest.mark.parametrize("edges", [ALONE, EDGES])
def test_with_all_steps_training_renders_what_use_renders(
    face_picture: Tensor, face_points: Tensor, shift: float, is_grey: bool, edges: OpenEdges
) -> None:
    network, matte = _trained()
    face = grey(face_picture).expand(-1, 3, -1, -1).contiguous() if is_grey else face_picture
    driver, unseen = face_points + shift, torch.zeros(1, BODY, 2)
    model = SparseToDense(network, matte=matte)
    with torch.inference_mode():
        used, _ = model.render(model.encode_source(face, face_points, edges), driver)
        points = LandmarkGrid(FAST.face_size, coarseness=PRIOR_COARSENESS)
        moved, prior = prior_grid(points, face_points, driver, unseen, ALL_STEPS)
        share = matte(face, face_points)
        trained = network(face, face_points, moved, prior, share, open_edges=edges, steps=ALL_STEPS)
    assert used.grid is not None
    assert used.refine_mask is not None
    torch.testing.assert_close(used.face, trained.image, atol=1e-3, rtol=0)
    torch.testing.assert_close(used.grid, trained.grid, atol=1e-3, rtol=0)
    torch.testing.assert_close(used.refine_mask, trained.mask, atol=1e-3, rtol=0)


@pytest.mark.parametrize("step", list(RenderStep))
def test_every_step_changes_something(
    face_picture: Tensor, face_points: Tensor, step: RenderStep
) -> None:
    network, _ = _trained()
    face = face_picture
    if step is RenderStep.KEEP_GREY:
        face = grey(face_picture).expand(-1, 3, -1, -1).contiguous()
    driver = face_points + (90.0 if step is RenderStep.KEEP_ROOM else 0.4)
    points, unseen = LandmarkGrid(FAST.face_size, coarseness=2.0), torch.zeros(1, BODY, 2)
    matte = torch.zeros_like(face[:, :1])
    matte[..., 60:220, 60:190] = 1
    outputs = []
    with torch.inference_mode():
        for steps in (NO_STEPS, frozenset((step,))):
            moved, prior = prior_grid(points, face_points, driver, unseen, steps)
            outputs.append(network(face, face_points, moved, prior, matte, steps=steps))
    plain, stepped = outputs
    assert not torch.equal(plain.image, stepped.image) or not torch.equal(plain.grid, stepped.grid)


def test_a_recipe_names_the_steps_that_training_takes() -> None:
    plain, clamped = (read_network(table, where="recipe") for table in ({}, {"steps": ["clamp"]}))
    assert (plain.steps, clamped.steps) == ((), (RenderStep.CLAMP,))
    assert network_config(plain) == network_config(clamped)
