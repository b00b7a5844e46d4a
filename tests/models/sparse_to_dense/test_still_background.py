"""The default model on the example portrait: the head turns, the background stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from portrait_square import portrait_canvas
from torch import Tensor

from animate_cli.faces.crop import cut, to_frame
from animate_cli.faces.landmarks.inference import upright_square
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.segmentation.matte_network import MatteConfig, MatteNetwork
from animate_cli.layers.grid import identity_grid
from animate_cli.models.find import find_model
from animate_cli.models.sparse_to_dense.edge_fade import EDGE_FADE, correction_weight
from animate_cli.models.sparse_to_dense.model import FAST, SparseToDense
from animate_cli.models.sparse_to_dense.network import SparseMotion
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.records import BODY, OpenEdges, Rendered
from animate_cli.upscale.residual_warp import ResidualWarper

FAST_LAYERED = replace(FAST, layered=True)
MOVED_PX = 9.0


@pytest.fixture(scope="module")
def square() -> tuple[ResidualWarper, Tensor]:
    """The portrait's face square, and its landmarks in face pixels (1, 74, 2)."""
    canvas = portrait_canvas()
    points = torch.from_numpy(canvas.face_landmarks(FAST.face_size))[None]
    return ResidualWarper(canvas.square, FAST.face_size), points


def face_of(warper: ResidualWarper) -> Tensor:
    return torch.from_numpy(warper.face).permute(2, 0, 1)[None].float() / 255


def moved(warper: ResidualWarper, points: Tensor) -> Rendered:
    model = find_model("sparse_to_dense", device="cpu")
    shift = torch.tensor((MOVED_PX, 0.0))
    with torch.inference_mode():
        source = model.encode_source(face_of(warper), points)
        return model.render(source, points + shift)[0]


def test_most_of_the_background_is_the_photos_own(square: tuple[ResidualWarper, Tensor]) -> None:
    warper, points = square
    rendered = moved(warper, points)
    same = (rendered.face - face_of(warper)).abs().amax(dim=1)[0] < 1 / 512
    assert same[:64, :48].float().mean() > 0.9
    assert same[:64, -32:].float().mean() > 0.9
    x, y = points[0].mean(dim=0).round().int().tolist()
    assert same[y - 30 : y + 30, x - 30 : x + 30].float().mean() < 0.5


def test_a_face_driven_out_of_the_square_stops_before_its_edge_and_stays_whole(
    square: tuple[ResidualWarper, Tensor],
) -> None:
    warper, points = square
    model = find_model("sparse_to_dense", device="cpu")
    with torch.inference_mode():
        source = model.encode_source(face_of(warper), points)
        drawn = model.render(source, points + torch.tensor((90.0, 0.0)))[0].face
    picture = (255 * drawn[0].permute(1, 2, 0)).byte().numpy()
    reached = LandmarkGrid(FAST.face_size).keep_room(points, points + torch.tensor((90.0, 0.0)))
    assert 10 < (reached - points)[0, 0, 0] < 60
    landmarker = load_landmarker()
    view = upright_square(reached[0].numpy(), landmarker.size)
    found, _ = landmarker(cut(picture, view)[None])
    apart = np.linalg.norm(to_frame(found[0], view) - reached[0].numpy(), axis=-1)
    assert apart.mean() < 3.0


def test_at_full_resolution_too_to_the_grey_level(square: tuple[ResidualWarper, Tensor]) -> None:
    warper, points = square
    drawn = warper.apply(moved(warper, points), 0)
    photo = warper.apply(
        Rendered(face=face_of(warper), grid=identity_grid(256, 256), refine_mask=None), 0
    )
    size = len(photo)
    corner = (slice(size // 4), slice(size // 6))
    assert (drawn[corner] == photo[corner]).all(axis=-1).mean() > 0.9


def test_a_layered_network_in_use_renders_the_same_as_in_training(
    face_picture: Tensor, face_points: Tensor
) -> None:
    torch.manual_seed(3)
    network = SparseMotion(FAST_LAYERED).eval()
    matte = MatteNetwork(MatteConfig(widths=(8, 12), blocks=1)).eval()
    driver = face_points + 4
    model = SparseToDense(network, matte=matte)
    unseen = torch.zeros(1, BODY, 2)
    prior = model._prior.grid(face_points, driver, unseen)  # type: ignore[union-attr]
    with torch.inference_mode():
        used, _ = model.render(model.encode_source(face_picture, face_points), driver)
        share = matte(face_picture, face_points)
        trained = network(face_picture, face_points, driver, prior, share)
    assert (used.face - trained.image.clamp(0, 1)).abs().max() < 1e-4


def test_the_square_rests_at_open_edges(
    square: tuple[ResidualWarper, Tensor],
) -> None:
    """There moved pixels would break off from the photo's; at other edges they may move on."""
    warper, points = square
    face, driver = face_of(warper), points + torch.tensor((MOVED_PX, 0.0))
    model = find_model("sparse_to_dense", device="cpu")
    with torch.inference_mode():
        plain, faded = (
            model.render(model.encode_source(face, points, OpenEdges(bottom=bottom)), driver)[0]
            for bottom in (False, True)
        )
    still = identity_grid(FAST.face_size, FAST.face_size)
    apart_px = {
        name: (128 * (rendered.grid - still)).norm(dim=-1)[0]
        for name, rendered in {"plain": plain, "faded": faded}.items()
    }
    assert apart_px["plain"][-1].max() > 1.0
    assert apart_px["faded"][-1].max() < 0.1
    above = slice(0, FAST.face_size - round(EDGE_FADE * FAST.face_size) - 1)
    torch.testing.assert_close(apart_px["faded"][above], apart_px["plain"][above])


@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_each_edge_fades_alone(edge: str) -> None:
    weight = correction_weight(OpenEdges(**{edge: True}), 64)[0, :, :, 0]
    lines = {"left": weight[:, 0], "top": weight[0], "right": weight[:, -1], "bottom": weight[-1]}
    opposite = {"left": "right", "top": "bottom", "right": "left", "bottom": "top"}[edge]
    assert lines[edge].max() == 0
    assert lines[opposite].min() == 1
    assert torch.equal(correction_weight(OpenEdges(), 64), torch.ones(1, 64, 64, 2))


@pytest.mark.parametrize("lips", [None, (0.5, 0.2, 0.2)])
def test_a_photo_without_colour_stays_without_and_any_other_keeps_its_own(
    square: tuple[ResidualWarper, Tensor], lips: tuple[float, float, float] | None
) -> None:
    """Paint for teeth and eyes was learned in colour."""
    warper, points = square
    grey = face_of(warper).mean(dim=1, keepdim=True).repeat(1, 3, 1, 1)
    x, y = points[0, 48:60].mean(dim=0).round().int().tolist()
    if lips is not None:
        grey[:, :, y - 4 : y + 4, x - 12 : x + 12] = torch.tensor(lips)[:, None, None]
    open_mouth = points.clone()
    open_mouth[:, 65:68, 1] += 6
    open_mouth[:, 55:60, 1] += 6
    model = find_model("sparse_to_dense", device="cpu")
    with torch.inference_mode():
        face = model.render(model.encode_source(grey, points), open_mouth)[0].face
    chroma = (face.amax(dim=1) - face.amin(dim=1)).max()
    assert chroma < 1 / 255 if lips is None else chroma > 0.1
