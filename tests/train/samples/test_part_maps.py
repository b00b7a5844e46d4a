"""Part maps and the parsing prior: eq. 7 where it has no slope, its mean where it has one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from places import SHARED
from tiny_onnx import write_pointwise
from torch import Tensor

from animate_cli.errors import WeightsError
from animate_cli.faces.crop import square
from animate_cli.faces.segmentation.face_parsing import Labels, Parser
from animate_cli.layers.grid import identity_grid
from animate_cli.records import Image
from animate_cli.train.losses.losses import part_mismatch
from animate_cli.train.samples.clip_parsing import with_parts
from animate_cli.train.samples.pairs import ClipFrames, PairAugment, cut_pair
from animate_cli.train.samples.part_maps import cut_parts, mirrored_parts, unlabelled
from animate_cli.train.samples.samples import encode_jpeg

TEACHER = SHARED / "data/teachers/face_parse_bisenetv2_19.onnx"
SIDE = 32


def labels(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(len(shape)).integers(0, 19, shape, np.uint8))


def moved(x: float, y: float, height: int, width: int) -> Tensor:
    """The grid that shows what lies x, y pixels further."""
    shift = torch.tensor([2 * x / width, 2 * y / height], dtype=torch.float64)
    return identity_grid(height, width, dtype=torch.float64) + shift


def test_equal_maps_that_stay_in_place_cost_nothing() -> None:
    maps = labels(2, 9, 12)
    still = identity_grid(9, 12).expand(2, -1, -1, -1)
    assert part_mismatch(maps, maps, still, classes=19).item() == pytest.approx(0, abs=1e-5)


def test_whole_pixels_are_equation_7() -> None:
    source, driver = labels(1, 9, 12) % 3, labels(1, 9, 12).flip(1) % 3
    loss = part_mismatch(source, driver, moved(2, 1, 9, 12), classes=3).item()
    rows, columns = np.clip(np.arange(9) + 1, 0, 8), np.clip(np.arange(12) + 2, 0, 11)
    nearest = source[0].numpy()[np.ix_(rows, columns)]
    assert loss == pytest.approx(float((nearest != driver[0].numpy()).mean()), abs=1e-6)


def test_between_pixels_it_is_the_mean_over_random_rounding() -> None:
    source, driver = labels(1, 6, 7) % 2, labels(1, 6, 7).flip(2) % 2
    found = part_mismatch(source, driver, moved(0.25, 0.5, 6, 7), classes=2).item()
    total = 0.0
    for x, share in ((0, 0.75), (1, 0.25)):
        for y in (0, 1):
            rounded = part_mismatch(source, driver, moved(x, y, 6, 7), classes=2).item()
            total += share * 0.5 * rounded
    assert found == pytest.approx(total, abs=1e-6)


def test_its_gradient_is_its_slope() -> None:
    source, driver = labels(1, 5, 6) % 3, labels(1, 5, 6).flip(1) % 3
    grid = moved(0.3, -0.4, 5, 6).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda g: part_mismatch(source, driver, g, classes=3), (grid,), eps=1e-4
    )


def test_it_moves_a_part_to_its_place() -> None:
    source, driver = (torch.zeros(1, 16, 16, dtype=torch.uint8) for _ in range(2))
    source[:, :, :8], driver[:, :, :5] = 1, 1
    shift = torch.zeros(1, requires_grad=True)  # of the whole picture, to the right
    optimiser = torch.optim.Adam([shift], lr=0.02)
    for _ in range(40):
        grid = identity_grid(16, 16) + torch.stack((shift, torch.zeros(1)), dim=-1)
        loss = part_mismatch(source, driver, grid, classes=2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert shift.item() == pytest.approx(3 * 2 / 16, abs=0.04)


def test_a_mirror_exchanges_sides_in_place_and_in_name() -> None:
    maps = labels(9, 12).numpy()
    there = mirrored_parts(maps)
    assert there[3, 0] == {2: 3, 3: 2, 4: 5, 5: 4, 7: 8, 8: 7}.get(maps[3, 11], maps[3, 11])
    np.testing.assert_array_equal(mirrored_parts(there), maps)


def test_a_cut_takes_nearest_labels_and_leaves_none_where_there_are_none() -> None:
    maps = labels(20, 20).numpy()
    whole = square((9.5, 9.5), 20, 20)
    np.testing.assert_array_equal(cut_parts(maps, whole), maps)
    twice = cut_parts(maps, square((9.5, 9.5), 20, 40))
    assert twice.shape == (40, 40)
    assert set(np.unique(twice)) <= set(np.unique(maps))
    assert cut_parts(unlabelled(), whole).shape == (0, 0)


class Bright:
    """A parser for tests: bright is 1, dark is 0."""

    def __init__(self) -> None:
        self.calls, self.name = 0, "bright"

    def __call__(self, frame: Image) -> Labels:
        self.calls += 1
        return (frame[..., 0] > 128).astype(np.uint8)


@pytest.fixture
def clip() -> ClipFrames:
    frames = np.full((3, SIDE, SIDE, 3), 20, np.uint8)
    for k, frame in enumerate(frames):
        frame[8:20, 6 + 4 * k : 18 + 4 * k] = 230
    points = np.stack([np.stack([np.linspace(8, 19, 74)] * 2, axis=1)] * 3).astype(np.float32)
    return ClipFrames(jpegs=tuple(encode_jpeg(f) for f in frames), points=points, identity="a")


def test_maps_are_made_once_and_follow_their_frames(clip: ClipFrames, tmp_path: Path) -> None:
    parser = Bright()
    named = with_parts(clip, parser, tmp_path)  # type: ignore[arg-type]
    again = with_parts(clip, parser, tmp_path)  # type: ignore[arg-type]
    assert parser.calls == 3
    for index in range(3):
        np.testing.assert_array_equal(named.part_map(index), again.part_map(index))
        np.testing.assert_array_equal(named.part_map(index), Bright()(clip.pixels(index)))
    other = replace(clip, jpegs=clip.jpegs[:2])
    with_parts(other, parser, tmp_path)  # type: ignore[arg-type]
    assert parser.calls == 5
    parser.name = "another"
    with_parts(other, parser, tmp_path)  # type: ignore[arg-type]
    assert parser.calls == 7


@pytest.mark.parametrize("seed", range(4))
def test_pairs_show_maps_through_the_square_of_their_pictures(
    clip: ClipFrames, tmp_path: Path, seed: int
) -> None:
    named = with_parts(clip, Bright(), tmp_path)  # type: ignore[arg-type]
    config = PairAugment(size=SIDE, colour=0)
    pair = cut_pair(named, 0, 2, config, np.random.default_rng(seed))
    for shown, parts in ((pair.source, pair.source_parts), (pair.driver, pair.driver_parts)):
        agree = Bright()(shown) == parts
        assert agree.mean() > 0.95  # but for borders, which pictures blur
    bare = cut_pair(clip, 0, 2, config, np.random.default_rng(seed))
    np.testing.assert_array_equal(bare.source, pair.source)  # maps draw no random numbers
    assert bare.source_parts.shape == (0, 0)


def test_a_label_is_the_class_of_the_largest_logit(tmp_path: Path) -> None:
    """Of r = (red - 128) / 128: class 7 is 0, class 1 is r, class 18 is 2 r - 1/4."""
    weight, bias = np.zeros((19, 3), np.float32), np.full(19, -9, np.float32)
    for label, slope, rest in ((7, 0, 0), (1, 1, 0), (18, 2, -0.25)):
        weight[label, 0], bias[label] = slope, rest
    write_pointwise(tmp_path / "toy.onnx", weight, bias, 64)
    frame = np.full((50, 120, 3), 200, np.uint8)
    frame[..., 0] = np.repeat((126, 130, 158, 162), 30)
    found = Parser(tmp_path / "toy.onnx", size=64)(frame)
    assert found.shape == (50, 120)
    bands = [np.unique(found[:, x + 2 : x + 28]).tolist() for x in (0, 30, 60, 90)]
    assert bands == [[7], [1], [1], [18]]


def test_a_network_of_other_classes_is_refused(tmp_path: Path) -> None:
    two = np.ones((2, 3), np.float32)
    write_pointwise(tmp_path / "two.onnx", two, two[:, 0], 64)
    with pytest.raises(WeightsError, match="gives maps"):
        Parser(tmp_path / "two.onnx", size=64)(np.zeros((9, 9, 3), np.uint8))


@pytest.mark.skipif(not TEACHER.is_file(), reason="needs the parser's weights")
def test_the_parser_gives_a_label_per_pixel() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    maps = Parser(TEACHER)(cv2.GaussianBlur(frame, (0, 0), 3))  # type: ignore[arg-type]
    assert maps.shape == (60, 80)
    assert maps.max() < 19


def test_a_missing_or_broken_parser_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        Parser(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match="ONNX"):
        Parser(tmp_path / "bad.onnx")
