"""Comparisons of two results: oracle of the interval, laws of the conclusion, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from result_file import result_json

from animate_cli.errors import OptionError
from animate_cli.evaluate.report.comparison import Comparison, compare, interval
from animate_cli.evaluate.result import Result, parse_result

PAIRS = [f"t{k}" for k in range(8)]
BASE = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def result(figures: dict[str, list[float | None]], **other: object) -> Result:
    given = {"pairs": PAIRS} | other
    return parse_result(result_json({"m": figures}, **given), "r.json")  # type: ignore[arg-type]


def against(b: list[float | None], metric: str = "l1") -> Comparison:
    return compare(result({metric: BASE}), result({metric: b}), "m", "m")


def test_the_interval_is_that_of_a_normal_mean() -> None:
    differences = np.random.default_rng(3).normal(0.5, 1.0, 400)
    low, high = interval(differences, 0)
    half = 1.96 * differences.std() / np.sqrt(len(differences))
    assert low == pytest.approx(differences.mean() - half, abs=0.006)
    assert high == pytest.approx(differences.mean() + half, abs=0.006)
    assert interval(differences, 0) == (low, high)


def test_the_interval_covers_the_truth_as_often_as_stated(monkeypatch) -> None:
    monkeypatch.setattr("animate_cli.evaluate.report.comparison.RESAMPLES", 1000)
    rng = np.random.default_rng(0)
    held = [
        low <= 0 <= high for low, high in (interval(rng.normal(size=40), k) for k in range(200))
    ]
    assert 0.88 <= np.mean(held) <= 0.99


def test_paired_differences_decide_where_means_could_not() -> None:
    (difference,) = against([v - 0.1 - 0.01 * k for k, v in enumerate(BASE)]).differences
    assert difference.conclusion == "better"
    assert difference.high < 0
    assert difference.b_better == 1


@pytest.mark.parametrize(("metric", "conclusion"), [("l1", "worse"), ("psnr", "better")])
def test_the_metric_sets_the_direction(metric, conclusion) -> None:
    (difference,) = against([v + 1 for v in BASE], metric).differences
    assert difference.conclusion == conclusion
    assert (difference.low, difference.high) == pytest.approx((1, 1))


def test_equal_results_are_undecided() -> None:
    (difference,) = against(list(BASE)).differences
    assert (difference.conclusion, difference.b_better) == ("undecided", 0)


def test_pairs_without_both_scores_are_left_out_of_both_means() -> None:
    (difference,) = against([None, *BASE[1:]]).differences
    assert difference.pairs == 7
    assert difference.a == difference.b == np.mean(BASE[1:])


def test_pairs_are_matched_by_name_not_by_order() -> None:
    other = result({"l1": [*BASE[::-1][:-1]]}, pairs=PAIRS[::-1][:-1])
    found = compare(result({"l1": BASE}), other, "m", "m")
    assert found.left_out == ("t0",)
    assert found.differences[0].a == found.differences[0].b == np.mean(BASE[1:])


def test_metrics_without_an_evaluator_are_not_compared() -> None:
    one = {"l1": BASE, "lpips": [None] * 8}
    full, bare = {"l1": BASE, "lpips": BASE}, result(one, needs={"lpips": "weights"})
    names = [c.metric.name for c in compare(result(full), bare, "m", "m").differences]
    assert names == ["l1"]


def test_incomparable_results_are_refused() -> None:
    plain = result({"l1": BASE})
    with pytest.raises(OptionError, match="protocols differ: seed is 0"):
        compare(plain, result({"l1": BASE}, seed=1), "m", "m")
    with pytest.raises(OptionError, match="no model named 'n'"):
        compare(plain, plain, "m", "n")
    with pytest.raises(OptionError, match="no metric in common"):
        compare(plain, result({"psnr": BASE}), "m", "m")
    strangers = result({"l1": BASE}, pairs=[f"u{k}" for k in range(8)])
    with pytest.raises(OptionError, match="0 clips in common"):
        compare(plain, strangers, "m", "m")
    changed = result_json({"m": {"l1": BASE}}, pairs=PAIRS)
    changed["data"]["drivers_sha256"][2] = "f" * 64  # type: ignore[index]
    with pytest.raises(OptionError, match="'t2' is another clip"):
        compare(plain, parse_result(changed, "c.json"), "m", "m")
