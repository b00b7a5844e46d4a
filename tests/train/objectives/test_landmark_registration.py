"""Registration: points that move as the pixels do cost nothing, and the network learns to."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from animate_cli.layers.grid import points_to_normalised
from animate_cli.records import Crop
from animate_cli.train.objectives.landmarks.registration import SbrLoss, SbrObjective, registration
from animate_cli.train.objectives.landmarks.static import LandmarkObjective
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples.frame_runs import Run
from animate_cli.train.samples.samples import Sample
from animate_cli.train.samples.two_crop import CropJitter, as_tensor, crop_disagreement, second_crop

SIZE = 64
SHIFT_PX = (1.3, -0.8)  # per frame
LOSS = SbrLoss(runs=2)
NETWORK = {"size": SIZE, "stem": 8, "width": 16, "depth": 2}


def texture(seed: int, size: int = 200) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (size // 6, size // 6, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), 0, 255)


def shifted(image: np.ndarray, frame: int, size: int = SIZE) -> np.ndarray:
    """The middle of a texture, moved by SHIFT_PX a frame."""
    corner = (image.shape[0] - size) / 2
    x, y = (corner - frame * s for s in SHIFT_PX)
    matrix = np.array([[1, 0, x], [0, 1, y]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.clip(cv2.warpAffine(image, matrix, (size, size), flags=flags), 0, 255).astype(
        np.uint8
    )


def film(seed: int = 0) -> torch.Tensor:
    """(1, 3, 3, S, S) in [0, 1]."""
    frames = np.stack([shifted(texture(seed), frame) for frame in range(3)])
    return torch.from_numpy(frames).permute(0, 3, 1, 2)[None].float() / 255


def points_px(*, moving: bool) -> torch.Tensor:
    """(1, 3, 74, 2) in pixels, away from the edges."""
    start = torch.rand(74, 2, generator=torch.Generator().manual_seed(0)) * 36 + 14
    steps = torch.arange(3.0)[:, None, None] * torch.tensor(SHIFT_PX) * moving
    return (start + steps)[None]


def cost_px(px: torch.Tensor, runs: torch.Tensor) -> float:
    found = points_to_normalised(px, SIZE, SIZE)
    return registration(found, runs, LOSS)[0].item() * SIZE / 2


def test_points_that_move_with_the_pixels_cost_nothing_and_still_ones_cost_the_motion():
    assert cost_px(points_px(moving=True), film()) < 0.08
    assert cost_px(points_px(moving=False), film()) == pytest.approx(np.hypot(*SHIFT_PX), rel=0.05)


def test_where_nothing_is_seen_points_may_go_where_they_like():
    runs = film()
    runs[..., :, 40:] = 0.5
    px = points_px(moving=True)
    on_grey = px[0, 0, :, 0] > 47
    wild = px.clone()
    wild[0, 1:, on_grey] += 9
    assert on_grey.any()
    assert cost_px(wild, runs) == pytest.approx(cost_px(px, runs), abs=1e-6)


def test_no_trusted_point_gives_zero_and_a_finite_gradient():
    found = points_to_normalised(points_px(moving=True), SIZE, SIZE).requires_grad_()
    cost, trusted = registration(found, torch.full((1, 3, 3, SIZE, SIZE), 0.5), LOSS)
    assert (cost.item(), trusted) == (0, 0)
    cost.backward()
    assert torch.isfinite(found.grad).all()


def test_the_gradient_moves_points_of_every_frame_towards_the_motion():
    px = points_px(moving=False).requires_grad_()
    found = points_to_normalised(px, SIZE, SIZE)
    registration(found, film(), LOSS)[0].backward()
    pull = -px.grad[0].mean(dim=1)  # (3, 2)
    direction = torch.tensor(SHIFT_PX)
    assert (pull[0] @ direction) < 0 < (pull[2] @ direction)


@pytest.fixture(scope="module")
def people() -> tuple[list[Sample], list[Run]]:
    """Four people of random texture: nothing to recognise, but something that moves."""
    rng = np.random.default_rng(5)
    face = (rng.uniform(70, 130, (74, 2))).astype(np.float32)
    samples, runs = [], []
    for person in range(4):
        frames = [shifted(texture(person, 300), frame, 200) for frame in range(3)]
        jpegs = tuple(cv2.imencode(".png", frame)[1] for frame in frames)
        runs.append(Run(jpegs=jpegs, points=face, identity=str(person)))
        samples.append(Sample(jpeg=jpegs[0], points=face, identity=str(person), kind="clip"))
    return samples, runs


@pytest.fixture
def objective(people: tuple[list[Sample], list[Run]]) -> SbrObjective:
    """Its network has just drawn its weights, in each test: training it leaves no trace."""
    samples, runs = people
    recipe = Recipe(objective="landmarks_sbr", name="test", network=NETWORK)
    static = LandmarkObjective(recipe, LOSS, samples[:3], samples[3:])
    return SbrObjective(static, LOSS, runs[:3], runs[3:])


def test_a_batch_holds_squares_and_runs_and_follows_its_generator(objective):
    one, same, other = (objective.batch(4, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one["runs"].shape == (2, 3, 3, SIZE, SIZE)
    assert one["images"].shape == (4, 3, SIZE, SIZE)
    assert 0 <= one["runs"].min() <= one["runs"].max() <= 1
    for key in one:
        assert torch.equal(one[key], same[key])
    assert not torch.equal(one["runs"], other["runs"])


def test_a_run_is_seen_through_one_square(objective):
    """What moves between its frames is the scene's own motion, scaled and turned as a whole."""
    runs = objective.batch(1, np.random.default_rng(3))["runs"]
    assert (runs[:, 0] - runs[:, 1]).abs().max() > 0.01
    for a, b in ((0, 1), (1, 2)):
        first, second = ((runs[0, i].mean(dim=0).numpy() * 255).astype(np.float32) for i in (a, b))
        (x, y), _ = cv2.phaseCorrelate(
            first, second, cv2.createHanningWindow((SIZE, SIZE), cv2.CV_32F)
        )
        assert 0.3 < np.hypot(x, y) < 3


def test_the_loss_is_the_static_one_plus_registration(objective):
    batch = objective.batch(4, np.random.default_rng(0))
    network = objective.network.eval()
    with torch.no_grad():
        static, _ = objective._static.loss(network, batch)
        total, parts = objective.loss(network, batch)
    network.train()
    assert 0 < parts["trusted"] <= 1
    assert total.item() == pytest.approx(
        static.item() + LOSS.registration * parts["registration"], rel=1e-4
    )


def test_heatmaps_alone_can_be_trained(objective, monkeypatch):
    """For arg max: where the points are read out does not matter then."""
    static = objective._static
    batch = static.batch(6, np.random.default_rng(2))
    network = static.network.eval()
    with torch.no_grad():
        whole, parts = static.loss(network, batch)
        monkeypatch.setattr(static, "_loss", replace(LOSS, euclidean=0.0))
        alone, _ = static.loss(network, batch)
    network.train()
    assert alone.item() == pytest.approx(whole.item() - parts["euclidean"], abs=1e-6)
    assert parts["euclidean"] > 0.01


def test_a_few_steps_make_the_network_follow_the_pixels(objective):
    rng = np.random.default_rng(0)
    batch = objective.batch(2, rng)
    optimiser = torch.optim.Adam(objective.network.parameters(), lr=1e-2)
    costs = []
    for _ in range(12):
        found = objective.loss(objective.network, batch)
        optimiser.zero_grad()
        found[0].backward()
        optimiser.step()
        costs.append((found[1]["registration"], found[0].item()))
    assert costs[-1][0] < 0.6 * costs[0][0]
    assert costs[-1][1] < 0.9 * costs[0][1]
    assert np.isfinite(costs).all()


def test_the_score_is_error_plus_jitter(objective):
    figures = objective.evaluate(objective.network)
    assert figures["score"] == pytest.approx(figures["error"] + figures["jitter"])
    assert figures["jitter"] > 0


def test_its_weights_carry_a_config(objective, tmp_path):
    from animate_cli import hub
    from animate_cli.faces.landmarks.network import LandmarkConfig
    from animate_cli.layers.weight_io import read_config

    objective.export(objective.network, tmp_path / "x.safetensors")
    metadata, _ = hub.read(tmp_path / "x.safetensors")
    assert read_config(LandmarkConfig, metadata, where="test").size == SIZE


def test_a_second_crop_shows_the_first_frame_from_where_it_says(objective, monkeypatch):
    """Warped back by its map it covers the square, flipped or not."""
    monkeypatch.setattr(objective, "_loss", replace(LOSS, two_crops=1.0, runs=6))
    batch = objective.batch(1, np.random.default_rng(0))
    moved = batch["second_to_first"] - torch.eye(2, 3)
    assert moved.abs().amax(dim=(1, 2)).min() > 0.01
    for run, second, matrix in zip(
        batch["runs"], batch["second_crops"], batch["second_to_first"], strict=True
    ):
        first, second = (x.permute(1, 2, 0).numpy() for x in (run[0], second))
        back = cv2.warpAffine(second, matrix.numpy(), (SIZE, SIZE), flags=cv2.INTER_CUBIC)
        inner = np.s_[8:-8, 8:-8]
        assert np.abs(back - first)[inner].mean() < 0.25 * np.abs(second - first)[inner].mean()


def test_points_that_agree_in_both_squares_cost_nothing_others_their_distance():
    generator = torch.Generator().manual_seed(3)
    here_px = torch.rand(2, 74, 2, generator=generator) * SIZE
    crop = Crop(crop_to_frame=np.eye(2, 3), size=SIZE)
    matrices = [second_crop(crop, CropJitter(), np.random.default_rng(seed))[1] for seed in (1, 2)]
    there_px = torch.stack(
        [
            (px - torch.from_numpy(m[:, 2]).float())
            @ torch.from_numpy(m[:, :2]).float().inverse().T
            for px, m in zip(here_px, matrices, strict=True)
        ]
    )
    here, there = (points_to_normalised(px, SIZE, SIZE) for px in (here_px, there_px))
    assert crop_disagreement(here, there, as_tensor(matrices), SIZE).item() < 1e-5
    swayed = points_to_normalised(here_px + torch.tensor((3.0, 4.0)), SIZE, SIZE)
    distance_px = crop_disagreement(swayed, there, as_tensor(matrices), SIZE).item() * SIZE / 2
    assert distance_px == pytest.approx(5, rel=1e-3)


def test_two_crops_are_part_of_the_loss(objective, monkeypatch):
    batch_of = np.random.default_rng(0)
    monkeypatch.setattr(objective, "_loss", replace(LOSS, two_crops=3.0))
    batch = objective.batch(2, batch_of)
    network = objective.network.eval()
    with torch.no_grad():
        total, parts = objective.loss(network, batch)
        static, _ = objective._static.loss(network, batch)
    network.train()
    rest = static.item() + LOSS.registration * parts["registration"]
    assert parts["two_crops"] > 0
    assert total.item() == pytest.approx(rest + 3 * parts["two_crops"], rel=1e-4)
