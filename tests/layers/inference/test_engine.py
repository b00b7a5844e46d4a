"""Every engine gives what torch gives: at any batch, with any threads, for any layout."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from animate_cli.errors import OptionError
from animate_cli.layers.inference import engine as engines
from animate_cli.layers.inference.engine import TOLERANCE, ForeignEngine, choose, installed, run_by
from animate_cli.layers.inference.prepare import fuse_for_inference
from animate_cli.models.sparse_to_dense.refinement import RefineConfig, RefineNetwork
from animate_cli.options import Engine

SIZE = 32
OTHERS = [engine for engine in Engine if engine in engines.NEEDS]


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.param
    if engine not in installed():
        pytest.skip(f"{engine} is not installed")
    return engine


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def refine(*, grid_cue: bool = True) -> RefineNetwork:
    torch.manual_seed(2)
    network = RefineNetwork(RefineConfig(widths=(4, 8), blocks=1, grid_cue=grid_cue))
    nn.init.normal_(network.head.weight, std=0.5)
    return fuse_for_inference(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def inputs(count: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    warped = torch.rand(count, 3, SIZE, SIZE, generator=rng)
    return warped, 0.1 * torch.randn(count, 2, SIZE, SIZE, generator=rng)


def same(mine: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> bool:
    return all((a - b).abs().max() < TOLERANCE for a, b in zip(mine, right, strict=True))


def test_engines_agree_with_torch_at_any_batch(other: Engine) -> None:
    network = refine()
    program = run_by(other, network, network.example(SIZE))
    assert isinstance(program, ForeignEngine)
    for count in (1, 3, 8):
        given = inputs(count)
        with torch.inference_mode():
            assert same(program(*given), network(*given))


def test_engines_read_strides(other: Engine) -> None:
    network = refine()
    program = run_by(other, network, network.example(SIZE))
    warped, flow = inputs(2)
    strided = warped.to(memory_format=torch.channels_last), flow[:1].expand(2, -1, -1, -1)
    with torch.inference_mode():
        assert same(program(*strided), network(*strided))


def test_a_result_is_not_written_over_by_the_next_call(other: Engine) -> None:
    network = refine()
    program = run_by(other, network, network.example(SIZE))
    with torch.inference_mode():
        first = program(*inputs(2))
        kept = [result.clone() for result in first]
        second = program(*inputs(2, seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, kept, strict=True))
    assert not torch.equal(first[0], second[0])


def test_an_input_that_the_network_does_not_use_may_be_given(other: Engine) -> None:
    network = refine(grid_cue=False)
    program = run_by(other, network, network.example(SIZE))
    with torch.inference_mode():
        assert same(program(*inputs(2)), network(*inputs(2)))


def test_a_program_takes_the_threads_that_torch_has_when_called(
    other: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    honest = engines._open

    def watched(engine: Engine, graph: bytes, threads: int) -> engines.Session:
        opened.append(threads)
        return honest(engine, graph, threads)

    monkeypatch.setattr(engines, "_open", watched)
    network = refine()
    program = run_by(other, network, network.example(SIZE))
    for threads in (2, 2, 1):
        torch.set_num_threads(threads)
        program(*inputs(1))
    assert opened == [2, 1]


def test_torch_is_the_module_itself() -> None:
    network = refine()
    assert run_by(Engine.TORCH, network, network.example(SIZE)) is network


@pytest.mark.parametrize("engine", [Engine.AUTO, *OTHERS])
def test_other_devices_have_torch_alone(engine: Engine) -> None:
    assert choose(engine, "cuda:0") is Engine.TORCH


@pytest.mark.parametrize("engine", OTHERS)
def test_a_missing_package_is_named_with_the_way_to_get_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_is_there", lambda _: False)
    assert installed() == (Engine.TORCH,)
    with pytest.raises(OptionError, match=rf"{engines.NEEDS[engine][1]}.*not installed") as caught:
        choose(engine, "cpu")
    assert f"animate-cli[{engine}]" in caught.value.hint


def test_auto_always_comes_to_an_engine_that_is_there() -> None:
    assert choose(Engine.AUTO, "cpu") in installed()
