"""The default model's networks: shapes, equations in naive form, identities, independence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from animate_cli.layers.grid import identity_grid, points_to_normalised
from animate_cli.layers.inference.prepare import fuse_for_inference
from animate_cli.layers.roi import landmark_region
from animate_cli.models.sparse_to_dense.adain import AdaIN, LandmarkCode
from animate_cli.models.sparse_to_dense.add_motion import AddMotion
from animate_cli.models.sparse_to_dense.local_branch import Layers, LocalMotion, PartConfig, overlay
from animate_cli.models.sparse_to_dense.motion_branch import BranchConfig, MotionBranch
from animate_cli.models.sparse_to_dense.mouth_interior import MouthInteriorConfig
from animate_cli.models.sparse_to_dense.network import (
    SparseMotion,
    SparseMotionConfig,
    compose,
)
from animate_cli.models.sparse_to_dense.refinement import RefineConfig, RefineNetwork

SIZE, POINTS = 64, 12
SMALL = SparseMotionConfig(
    parts=(PartConfig(landmarks=(0, 1, 2, 3), margin=1.5),),
    face_size=SIZE,
    landmarks=POINTS,
    patch=16,
    whole=BranchConfig(fold=4, widths=(6, 8), code=8),
    local=BranchConfig(widths=(4, 6), code=8),
    refine=RefineConfig(widths=(4, 6), blocks=1),
)


def face(count: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """A picture, landmarks in it, and where they go."""
    rng = torch.Generator().manual_seed(3)
    picture = torch.rand(count, 3, SIZE, SIZE, generator=rng)
    source = 10 + 40 * torch.rand(count, POINTS, 2, generator=rng)
    return picture, source, source + torch.randn(source.shape, generator=rng)


def identity(count: int) -> Tensor:
    return identity_grid(SIZE, SIZE).expand(count, -1, -1, -1)


def shaken(network: torch.nn.Module) -> torch.nn.Module:
    """Random weights also where training starts at zero."""
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.copy_(0.2 * torch.randn(tensor.shape, generator=rng))
    return network.eval()


def test_adain_gives_every_channel_the_moments_of_the_code() -> None:
    layer = shaken(AdaIN(5, 8))
    assert isinstance(layer, AdaIN)
    x, code = torch.randn(3, 5, 9, 7), torch.randn(3, 8)
    out = layer(x, code)
    scale, shift = layer.affine(code).chunk(2, dim=1)
    torch.testing.assert_close(out.mean(dim=(2, 3)), shift, atol=1e-5, rtol=1e-4)
    spread = out.var(dim=(2, 3), unbiased=False).sqrt()
    torch.testing.assert_close(spread, (1 + scale).abs(), atol=1e-3, rtol=1e-3)


def test_the_code_of_moved_landmarks_is_another() -> None:
    code = shaken(LandmarkCode(4, 32))
    points = torch.linspace(-1, 1, 8).view(1, 4, 2)
    assert not torch.equal(code(points), code(points + 0.1))


def test_add_motion_is_a_linear_map_of_the_motion() -> None:
    layer = shaken(AddMotion(4, 3, 5))
    x, one, other = torch.randn(1, 3, 5, 5), torch.randn(1, 4, 2), torch.randn(1, 4, 2)
    assert torch.equal(layer(x, torch.zeros(1, 4, 2)), x)
    both = layer(x, 2 * one + other) - x
    torch.testing.assert_close(both, 2 * (layer(x, one) - x) + (layer(x, other) - x))


def test_regions_map_there_and_back() -> None:
    points = torch.randn(2, 6, 2)
    region = landmark_region(points, 1.5)
    torch.testing.assert_close(region.out(region.into(points)), points)
    longest = region.into(points).abs().amax(dim=(1, 2))
    torch.testing.assert_close(longest, torch.full((2,), 1 / 1.5))


def test_a_cut_region_shows_what_lies_there() -> None:
    position = identity_grid(SIZE, SIZE).permute(0, 3, 1, 2)
    region = landmark_region(torch.tensor([[[-0.2, 0.1], [0.4, 0.3]]]), 1.0)
    seen = region.cut(position, 8).permute(0, 2, 3, 1)
    torch.testing.assert_close(seen, region.out(identity_grid(8, 8)), atol=1e-4, rtol=0)


@pytest.mark.parametrize("prior", [True, False])
def test_an_untrained_branch_leaves_the_grid_as_it_is(*, prior: bool) -> None:
    branch = MotionBranch(SMALL.local, points=4, size=16, outputs=3, has_prior=prior)
    picture, points = torch.rand(2, 3, 16, 16), torch.rand(2, 4, 2)
    grid = identity_grid(16, 16).expand(2, -1, -1, -1) if prior else None
    field = branch.decode(branch.encode(picture, points), points, points + 0.1, grid)
    assert field.shape == (2, 3, 16, 16)
    assert field.abs().max() == 0


def test_shapes() -> None:
    network = shaken(SparseMotion(SMALL))
    drawn = network(*face(3), identity(3))
    assert drawn.image.shape == drawn.warped.shape == (3, 3, SIZE, SIZE)
    assert drawn.grid.shape == (3, SIZE, SIZE, 2)
    assert drawn.mask.shape == (3, 1, SIZE, SIZE)
    assert (drawn.mask.min() >= 0) & (drawn.mask.max() <= 1)


def test_untrained_motion_is_the_prior() -> None:
    grid = identity(2) + 0.05 * torch.randn(2, SIZE, SIZE, 2)
    drawn = SparseMotion(SMALL).eval()(*face(2), grid)
    torch.testing.assert_close(drawn.grid, grid, atol=1e-4, rtol=0)


def test_a_batch_of_two_is_two_of_one() -> None:
    network, (picture, source, driver) = shaken(SparseMotion(SMALL)), face(2)
    together = network(picture, source, driver, identity(2)).image
    for k in range(2):
        one = slice(k, k + 1)
        alone = network(picture[one], source[one], driver[one], identity(1)).image
        torch.testing.assert_close(alone, together[one], atol=1e-4, rtol=0)


def test_a_source_encoded_once_renders_the_same_as_encoded_again() -> None:
    network, (picture, source, driver) = shaken(SparseMotion(SMALL)), face(2)
    assert isinstance(network, SparseMotion)
    once = network.encode(picture[:1], source[:1])
    drawn = network.render(once.expand(2), driver, identity(2)).image
    again = network(
        picture[:1].expand(2, -1, -1, -1), source[:1].expand(2, -1, -1), driver, identity(2)
    )
    torch.testing.assert_close(drawn, again.image, atol=1e-4, rtol=0)


def test_local_branches_reach_no_further_than_their_region() -> None:
    """Eq. 3: outside the driver's region the grid is the global one."""
    network, (picture, source, driver) = shaken(SparseMotion(SMALL)), face(1)
    assert isinstance(network, SparseMotion)
    whole = shaken(SparseMotion(replace(SMALL, local_branches=False)))
    whole.load_state_dict(network.state_dict(), strict=False)
    both = network(picture, source, driver, identity(1)).grid
    alone = whole(picture, source, driver, identity(1)).grid
    points = points_to_normalised(driver, SIZE, SIZE)
    region = landmark_region(points[:, :4], 1.5)
    inside = (region.into(identity(1)).abs() < 1).all(dim=-1)
    changed = (both - alone).abs().amax(dim=-1) > 1e-6
    assert changed.any()
    assert not (changed & ~inside).any()


def test_a_branchs_paint_is_equation_2_within_its_region() -> None:
    region = landmark_region(torch.tensor([[[-0.5, -0.5], [0.5, 0.5]]]), 1.0)
    paint = torch.tensor([0.4, -0.4, 0.0, 0.25, 1.0]).view(1, 5, 1, 1).expand(1, 5, 16, 16)
    local = LocalMotion(
        source_region=region, output_region=region, field=torch.zeros(1, 3, 16, 16), paint=paint
    )
    plain = [torch.full((1, c, 32, 32), v) for c, v in ((3, 0.5), (3, 0.6), (1, 0.5), (3, 0.0))]
    warped, image, mask, painted = overlay(Layers(*plain), local)
    colours = [0.9, 0.1, 0.5]
    mixed = [0.75 * 0.6 + 0.25 * value for value in colours]
    for layer, expected in (
        (image, mixed),
        (mask, [0.625]),
        (painted, colours),
        (warped, [0.5] * 3),
    ):
        assert layer[0, :, 16, 16].tolist() == pytest.approx(expected, abs=1e-5)


def test_without_gradients_it_renders_the_same_though_it_copies_less() -> None:
    network = shaken(SparseMotion(SMALL))
    picture, source, driver = face()
    with_them = network(picture, source, driver, identity(2))
    with torch.no_grad():
        without = network(picture, source, driver, identity(2))
    for name in ("image", "grid", "mask", "warped", "painted"):
        torch.testing.assert_close(getattr(without, name), getattr(with_them, name))


def test_the_inside_of_a_mouth_that_opens_is_shown_and_the_photo_adds_no_detail() -> None:
    """Points 0 to 7: corner, three above, corner, three below."""
    lips = MouthInteriorConfig(
        upper=(0, 1, 2, 3, 4), lower=(0, 7, 6, 5, 4), skin=((8, 9), (10, 11))
    )
    network = fuse_for_inference(shaken(SparseMotion(replace(SMALL, inside=lips))))
    picture, source, _ = face(1)
    across = torch.tensor([16.0, 24, 32, 40, 48, 40, 32, 24])
    source[0, :8] = torch.stack((across, torch.full_like(across, 40)), dim=-1)
    driver = source.clone()
    driver[0, 1:4, 1] -= 8
    driver[0, 5:8, 1] += 8
    shut = network(picture, source, source, identity(1))
    parted = network(picture, source, driver, identity(1))
    assert parted.mask[0, 0, 40, 32] == 1
    assert shut.mask[0, 0, 40, 32] < 1
    without = fuse_for_inference(shaken(SparseMotion(SMALL)))
    without.load_state_dict(
        {k: v for k, v in network.state_dict().items() if not k.startswith("inside.")}
    )
    same = without(picture, source, driver, identity(1))
    apart = (parted.warped - same.warped).abs().amax(dim=1)[0] > 0
    assert apart[36:44, 28:36].all()
    rows, columns = apart.nonzero().unbind(dim=1)
    assert rows.min() >= 32
    assert rows.max() <= 48
    assert columns.min() >= 16
    assert columns.max() <= 48


def test_compose_is_equation_2() -> None:
    warped, painted, mask = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.rand(1, 1, 4, 4)
    expected = warped * (1 - mask) + painted * mask
    torch.testing.assert_close(compose(warped, painted, mask), expected)


@pytest.mark.parametrize("cue", [True, False])
def test_the_grid_cue_is_seen_only_when_it_is_on(*, cue: bool) -> None:
    network = shaken(RefineNetwork(RefineConfig(widths=(4, 6), blocks=1, grid_cue=cue)))
    warped, flow = torch.rand(1, 3, SIZE, SIZE), 0.1 * torch.randn(1, 2, SIZE, SIZE)
    painted, mask = network(warped, flow)
    still, _ = network(warped, torch.zeros_like(flow))
    assert painted.shape == (1, 3, SIZE, SIZE)
    assert mask.shape == (1, 1, SIZE, SIZE)
    assert torch.equal(painted, still) is not cue


@pytest.mark.parametrize("switch", ["adain", "add_motion"])
def test_every_switch_changes_what_the_motion_depends_on(switch: str) -> None:
    without = replace(SMALL.whole, **{switch: False})
    names = {name.split(".")[1] for name in SparseMotion(SMALL).state_dict() if "whole" in name}
    fewer = SparseMotion(replace(SMALL, whole=without)).state_dict()
    assert {name.split(".")[1] for name in fewer if "whole" in name} < names


def test_it_learns_one_pair() -> None:
    torch.manual_seed(0)
    network = SparseMotion(SMALL)
    picture, source, driver = face(2)
    target = torch.roll(picture, 2, dims=3)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = (network(picture, source, driver, identity(2)).image - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.75 * losses[0]


def test_fused_for_inference_it_renders_the_same_as_in_training() -> None:
    network, (picture, source, driver) = shaken(SparseMotion(SMALL)), face(2)
    expected = network(picture, source, driver, identity(2))
    found = fuse_for_inference(network)(picture, source, driver, identity(2))
    torch.testing.assert_close(found.image, expected.image, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.grid, expected.grid, atol=1e-3, rtol=0)
