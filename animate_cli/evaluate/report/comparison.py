"""Compares two results: paired differences with bootstrap confidence intervals.

For every metric that both results have, d = b − a is taken pair by pair. The clip pairs are
resampled with replacement `RESAMPLES` times, and the interval holds the middle 95 % of the means
of d (percentile bootstrap, Efron 1979). Pairs of one person are not independent: where a person has
many, the intervals are too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animate_cli.errors import OptionError
from animate_cli.evaluate.result import Array, MetricInfo, Result

RESAMPLES = 10_000
CONFIDENCE_LEVEL = 0.95
MIN_PAIRS = 2  # for an interval
_BLOCK = 500  # resamples held in memory at once


@dataclass(frozen=True, kw_only=True)
class MetricDifference:
    """The difference by one metric. pairs: how many clip pairs have both scores; a, b: the means
    over them; low, high: confidence interval of b − a; b_better: share of pairs on which b is
    better."""

    metric: MetricInfo
    pairs: int
    a: float
    b: float
    low: float
    high: float
    b_better: float

    @property
    def conclusion(self) -> str:
        """Whether b is "better" or "worse" than a; "undecided" where the interval includes 0."""
        if self.low <= 0 <= self.high:
            return "undecided"
        return "better" if (self.high < 0) == self.metric.is_lower_better else "worse"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """a, b: names of the models; differences: one per metric; left_out: names of the clip pairs
    that only one of the results has."""

    a: str
    b: str
    differences: tuple[MetricDifference, ...]
    left_out: tuple[str, ...]


def compare(first: Result, second: Result, a: str, b: str, *, seed: int = 0) -> Comparison:
    """Compare model a of the first result with model b of the second, pair by pair.

    seed: of the resampling.

    Raises:
        OptionError: there is no such model, the protocols differ, clips of the same name differ, or
            the results have fewer than two pairs or no metric in common.
    """
    _refuse_other_protocol(first, second)
    common = _common_pairs(first, second)
    theirs = {metric.name for metric in second.metrics if not metric.needs}
    metrics = [m for m in first.metrics if m.name in theirs and not m.needs]
    if not metrics:
        hint = "evaluate both with the same --metric-weights"
        raise OptionError(f"{first.origin} and {second.origin} have no metric in common", hint=hint)
    rows_a = [first.pairs.index(name) for name in common]
    rows_b = [second.pairs.index(name) for name in common]
    differences = [
        _difference(m, first.column(a, m.name)[rows_a], second.column(b, m.name)[rows_b], seed)
        for m in metrics
    ]
    left_out = sorted({*first.pairs, *second.pairs} - set(common))
    return Comparison(
        a=a, b=b, differences=tuple(d for d in differences if d), left_out=tuple(left_out)
    )


def interval(differences: Array, seed: int) -> tuple[float, float]:
    """Differences (N,) -> confidence interval of their mean."""
    rng, count = np.random.default_rng(seed), len(differences)
    means = [
        differences[rng.integers(count, size=(_BLOCK, count))].mean(axis=1)
        for _ in range(RESAMPLES // _BLOCK)
    ]
    beyond = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(np.concatenate(means), (beyond, 1 - beyond))
    return float(low), float(high)


def _difference(metric: MetricInfo, a: Array, b: Array, seed: int) -> MetricDifference | None:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < MIN_PAIRS:
        return None
    a, b = a[both], b[both]
    low, high = interval(b - a, seed)
    return MetricDifference(
        metric=metric,
        pairs=len(a),
        a=float(a.mean()),
        b=float(b.mean()),
        low=low,
        high=high,
        b_better=float((metric.gain(b, a) > 0).mean()),
    )


def _refuse_other_protocol(first: Result, second: Result) -> None:
    """Scores of different protocols are not comparable; the number of pairs may differ."""
    loose = {"limit", "pairs"}
    for key in sorted({*first.protocol, *second.protocol} - loose):
        one, other = first.protocol.get(key), second.protocol.get(key)
        if one != other:
            raise OptionError(
                f"the protocols differ: {key} is {one!r} in {first.origin}, {other!r} in "
                f"{second.origin}",
                hint="evaluate both with the same flags",
            )


def _common_pairs(first: Result, second: Result) -> list[str]:
    theirs = dict(zip(second.pairs, second.drivers_sha256, strict=True))
    common = []
    for name, sha256 in zip(first.pairs, first.drivers_sha256, strict=True):
        if name not in theirs:
            continue
        if theirs[name] != sha256:
            hint = "evaluate both on the same files"
            raise OptionError(f"{name!r} is another clip in {second.origin}", hint=hint)
        common.append(name)
    if len(common) < MIN_PAIRS:
        raise OptionError(
            f"{first.origin} and {second.origin} have {len(common)} clips in common",
            hint="evaluate both on the same data, two clips at the least",
        )
    return common
