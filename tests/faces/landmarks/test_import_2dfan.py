"""Published FAN weights: every tensor is converted, and the network's function is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from places import EXAMPLES

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.landmarks.import_2dfan import SHARPNESS, convert, from_2dfan
from animate_cli.faces.landmarks.network import LandmarkConfig, LandmarkNet
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_normalised, points_to_pixel
from animate_cli.layers.hourglass import HourglassBlock
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.train.recipe import read_recipe
from animate_cli.typed import typed

PAPER = LandmarkConfig(size=256, stem=64, width=256, stacks=4, block=HourglassBlock.HIERARCHICAL)
SMALL = LandmarkConfig(
    size=256, stem=8, width=16, stacks=2, depth=2, block=HourglassBlock.HIERARCHICAL
)
NORM = ("weight", "bias", "running_mean", "running_var")


def block_shapes(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    half, quarter = outputs // 2, outputs // 4
    shapes = {f"{name}.conv1.weight": (half, inputs, 3, 3)}
    shapes[f"{name}.conv2.weight"] = (quarter, half, 3, 3)
    shapes[f"{name}.conv3.weight"] = (quarter, quarter, 3, 3)
    for norm, channels in (("bn1", inputs), ("bn2", half), ("bn3", quarter)):
        shapes |= norm_shapes(f"{name}.{norm}", channels)
    if inputs != outputs:
        shapes |= norm_shapes(f"{name}.downsample.0", inputs)
        shapes[f"{name}.downsample.2.weight"] = (outputs, inputs, 1, 1)
    return shapes


def norm_shapes(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.{part}": (channels,) for part in NORM} | {f"{name}.num_batches_tracked": ()}


def conv_shapes(name: str, inputs: int, outputs: int, side: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs, side, side), f"{name}.bias": (outputs,)}


def fan_shapes(config: LandmarkConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the published state dict, by the description of its authors."""
    stem, width = config.stem, config.width
    shapes = conv_shapes("conv1", 3, stem, 7) | norm_shapes("bn1", stem)
    shapes |= block_shapes("conv2", stem, width // 2)
    shapes |= block_shapes("conv3", width // 2, width // 2)
    shapes |= block_shapes("conv4", width // 2, width)
    for i in range(config.stacks):
        names = [f"b{part}_{level}" for level in range(1, config.depth + 1) for part in (1, 2, 3)]
        for name in (*names, "b2_plus_1"):
            shapes |= block_shapes(f"m{i}.{name}", width, width)
        shapes |= block_shapes(f"top_m_{i}", width, width)
        shapes |= conv_shapes(f"conv_last{i}", width, width, 1) | norm_shapes(f"bn_end{i}", width)
        shapes |= conv_shapes(f"l{i}", width, 68, 1)
        if i < config.stacks - 1:
            shapes |= conv_shapes(f"bl{i}", width, width, 1) | conv_shapes(f"al{i}", 68, width, 1)
    return shapes


def fan_tensors(config: LandmarkConfig) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(shape, generator=rng) + 0.5
        if "running_var" in name
        else torch.randn(shape, generator=rng) * 0.1
        for name, shape in fan_shapes(config).items()
    }


def test_the_paper_network_has_the_published_names_and_shapes_but_for_the_new_maps():
    with torch.device("meta"):
        ours = {k: tuple(v.shape) for k, v in LandmarkNet(PAPER).state_dict().items()}
    theirs = fan_shapes(PAPER)
    assert set(ours) == set(theirs)
    different = {name for name in ours if ours[name] != theirs[name]}
    maps = {f"l{i}.{part}" for i in range(4) for part in ("weight", "bias")}
    assert different == maps | {f"al{i}.weight" for i in range(3)}


def test_the_recipe_has_that_config():
    path = EXAMPLES / "recipes" / "landmarks_paper.toml"
    assert typed(LandmarkConfig, read_recipe(path).network, where="recipe") == PAPER


def test_config_and_tensors_fit_each_other():
    config, tensors = from_2dfan(fan_tensors(SMALL))
    assert config == SMALL
    network = LandmarkNet(config)
    load_strictly(network, tensors, where="test")
    assert not [name for name in tensors if name.endswith("num_batches_tracked")]


def test_the_published_function_is_kept():
    """Maps 0-67 of each stack are the published ones, scaled; new maps do not influence them."""
    published = fan_tensors(SMALL)
    config, tensors = from_2dfan(published)
    network = LandmarkNet(config).eval()
    load_strictly(network, tensors, where="test")
    squares = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        maps = network(squares)
        for i in range(config.stacks):  # the 68-map network, from the same tensors
            network.get_submodule(f"l{i}").weight[68:] = 0
            network.get_submodule(f"l{i}").weight[:68] /= SHARPNESS
            network.get_submodule(f"l{i}").bias[:68] /= SHARPNESS
            if i < config.stacks - 1:
                network.get_submodule(f"al{i}").weight[:, :68] *= SHARPNESS
        plain = network(squares)
    for sharp, flat in zip(maps, plain, strict=True):
        torch.testing.assert_close(sharp[:, :68], SHARPNESS * flat[:, :68], rtol=1e-3, atol=1e-3)
    for i in range(config.stacks):
        weight = network.get_submodule(f"l{i}").weight
        torch.testing.assert_close(weight[:68], published[f"l{i}.weight"])


def test_points_of_scaled_heatmaps_are_their_maxima():
    """A Gaussian of FAN's height and width gives its centre within a quarter of a cell."""
    centre = points_to_normalised(torch.tensor([[[12.3, 50.6]]]), 64, 64)
    bump = heatmap.gaussian(centre, 64, 64, sigma_cells=1.0)
    bump = 0.7 * bump / bump.max()
    found = heatmap.expected_points(heatmap.normalise(SHARPNESS * bump))
    torch.testing.assert_close(
        points_to_pixel(found, 64, 64), torch.tensor([[[12.3, 50.6]]]), atol=0.25, rtol=0
    )


def test_the_new_maps_are_random_and_repeatable():
    one, same, other = (from_2dfan(fan_tensors(SMALL), seed=s)[1]["l0.weight"] for s in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one[68:], other[68:])
    assert one[68:].std() > 0


def test_a_converted_file_can_be_loaded(tmp_path):
    torch.save(fan_tensors(SMALL), tmp_path / "fan.pt")
    convert(tmp_path / "fan.pt", tmp_path / "ours.safetensors")
    metadata, tensors = hub.read(tmp_path / "ours.safetensors")
    config = read_config(LandmarkConfig, metadata, where="test")
    assert config == SMALL
    load_strictly(LandmarkNet(config), tensors, where="test")


def test_a_file_of_another_kind_is_an_error(tmp_path):
    (tmp_path / "fan.pt").write_bytes(b"not weights")
    for name in ("fan.pt", "missing.pt"):
        with pytest.raises(WeightsError, match="cannot be read"):
            convert(tmp_path / name, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()


def test_one_step_of_the_paper_network_lowers_its_loss():
    """Four stacks of hierarchical blocks, narrow and on small squares."""
    torch.manual_seed(0)
    network = LandmarkNet(replace(PAPER, size=64, stem=8, width=16))
    squares, target = torch.rand(2, 3, 64, 64), torch.rand(2, 74, 2) - 0.5
    optimiser = torch.optim.SGD(network.parameters(), lr=0.02)

    def cost() -> torch.Tensor:
        maps = [heatmap.normalise(logits) for logits in network(squares)]
        return sum((heatmap.expected_points(m) - target).square().sum() for m in maps)

    before = cost()
    before.backward()
    optimiser.step()
    with torch.no_grad():
        assert cost() < before


def test_other_tensors_are_an_error():
    for tensors in ({}, {"l0.weight": torch.zeros(98, 16, 1, 1)}):
        with pytest.raises(WeightsError, match="68 heatmaps"):
            from_2dfan(tensors)
