"""Two results side by side: paired differences, and how sure one can be of them.

For every metric that both have, d = b − a take by take; takes are drawn with replacement, as many
as there are, DRAWS times; the interval holds the middle 95 % of the draws' means (Efron 1979,
percentile bootstrap). Takes of one person are not independent: where a person has many, intervals
are narrower than they should be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from animate_cli.errors import OptionError
from animate_cli.evaluate.result import Array, MetricInfo, Result

DRAWS = 10_000
COVERED = 0.95
FEWEST = 2  # takes of which a spread can be drawn
_BLOCK = 500  # draws held at once


@dataclass(frozen=True, kw_only=True)
class MetricDifference:
    """One metric. a, b: means over the takes that have both; low, high: of b − a;
    b_better: share of takes on which b is better."""

    measure: MetricInfo
    takes: int
    a: float
    b: float
    low: float
    high: float
    b_better: float

    @property
    def verdict(self) -> str:
        """What the interval allows to say of b."""
        if self.low <= 0 <= self.high:
            return "undecided"
        return "better" if (self.high < 0) == self.measure.is_lower_better else "worse"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """a, b: names of the models; left_out: takes that only one of the results has."""

    a: str
    b: str
    contrasts: tuple[MetricDifference, ...]
    left_out: tuple[str, ...]


def compare(first: Result, second: Result, a: str, b: str, *, seed: int = 0) -> Comparison:
    """Model a of the first result and model b of the second, take by take.

    Raises:
        OptionError: no such model, another protocol, other clips under the same names, or fewer
            than two takes or no metric in common.
    """
    _refuse_other_protocol(first, second)
    common = _common_takes(first, second)
    theirs = {measure.name for measure in second.measures if not measure.needs}
    measures = [m for m in first.measures if m.name in theirs and not m.needs]
    if not measures:
        hint = "evaluate both with the same --metric-weights"
        raise OptionError(f"{first.path} and {second.path} have no metric in common", hint=hint)
    places = [first.takes.index(name) for name in common]
    others = [second.takes.index(name) for name in common]
    contrasts = [
        _contrast(m, first.column(a, m.name)[places], second.column(b, m.name)[others], seed)
        for m in measures
    ]
    left_out = sorted({*first.takes, *second.takes} - set(common))
    return Comparison(
        a=a, b=b, contrasts=tuple(c for c in contrasts if c), left_out=tuple(left_out)
    )


def interval(differences: Array, seed: int) -> tuple[float, float]:
    """Differences (N,) -> the middle of what their mean may be."""
    rng, count = np.random.default_rng(seed), len(differences)
    means = [
        differences[rng.integers(count, size=(_BLOCK, count))].mean(axis=1)
        for _ in range(DRAWS // _BLOCK)
    ]
    beyond = (1 - COVERED) / 2
    low, high = np.quantile(np.concatenate(means), (beyond, 1 - beyond))
    return float(low), float(high)


def _contrast(measure: MetricInfo, a: Array, b: Array, seed: int) -> MetricDifference | None:
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < FEWEST:
        return None
    a, b = a[both], b[both]
    low, high = interval(b - a, seed)
    return MetricDifference(
        measure=measure,
        takes=len(a),
        a=float(a.mean()),
        b=float(b.mean()),
        low=low,
        high=high,
        b_better=float((measure.gain(b, a) > 0).mean()),
    )


def _refuse_other_protocol(first: Result, second: Result) -> None:
    """Figures of different protocols say nothing of each other; what is tried may differ."""
    loose = {"limit", "pairs"}
    for key in sorted({*first.protocol, *second.protocol} - loose):
        one, other = first.protocol.get(key), second.protocol.get(key)
        if one != other:
            raise OptionError(
                f"the protocols differ: {key} is {one!r} in {first.path}, {other!r} in "
                f"{second.path}",
                hint="evaluate both with the same flags",
            )


def _common_takes(first: Result, second: Result) -> list[str]:
    theirs = dict(zip(second.takes, second.drivers_sha256, strict=True))
    common = []
    for name, sha256 in zip(first.takes, first.drivers_sha256, strict=True):
        if name not in theirs:
            continue
        if theirs[name] != sha256:
            hint = "evaluate both on the same files"
            raise OptionError(f"take {name!r} is another clip in {second.path}", hint=hint)
        common.append(name)
    if len(common) < FEWEST:
        raise OptionError(
            f"{first.path} and {second.path} have {len(common)} takes in common",
            hint="evaluate both on the same data, two clips at the least",
        )
    return common
