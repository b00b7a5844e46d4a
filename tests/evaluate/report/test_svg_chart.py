"""Charts: the marks of axes, and the positions of curves and points."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from animate_cli.evaluate.report.svg_chart import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    WIDTH,
    by_clip,
    distribution,
    scale,
)


@given(st.lists(st.floats(-1e6, 1e6), max_size=20))
@example([5e-324])
@example([0.0, 5e-324])
@example([1e6, np.nextafter(1e6, 0)])
def test_marks_are_even_and_enclose_the_values(values: list[float]) -> None:
    marks = np.array(scale(np.array(values)))
    assert 2 <= len(marks) <= 14
    apart = np.diff(marks)
    assert (apart > 0).all()
    np.testing.assert_allclose(apart, apart[0], rtol=1e-6)
    slack = 1e-6 * apart[0]
    assert all(marks[0] - slack <= v <= marks[-1] + slack for v in values)


def test_a_curve_rises_to_one_and_a_better_one_is_above() -> None:
    text = distribution({"good": np.array([1.0, 2.0]), "bad": np.array([3.0, 4.0])}, "error")
    ElementTree.fromstring(text)
    paths = re.findall(r'class="curve m\d" d="([^"]*)"', text)
    heights = [[float(y) for y in re.findall(r"V([\d.]+)", path)] for path in paths]
    assert heights[0] == heights[1] == sorted(heights[0], reverse=True)
    steps = [[float(x) for x in re.findall(r"H([\d.]+)V", path)] for path in paths]
    width = WIDTH - LEFT - RIGHT
    assert steps[0] == pytest.approx([LEFT + width / 4, LEFT + width / 2], abs=0.1)
    assert max(steps[0]) < min(steps[1])


def test_pairs_without_a_score_have_no_mark_and_the_last_model_orders() -> None:
    figures = {"a": np.array([1.0, np.nan, 3.0]), "b<": np.array([3.0, 2.0, 1.0])}
    root = ElementTree.fromstring(by_clip(figures, ["x", "y", "z"], "up"))
    circles = [c for c in root.iter("circle") if c.get("class") == "m1"]
    assert len(list(root.iter("circle"))) == 5
    assert [c.findtext("title", "").partition(",")[0] for c in circles] == ["z", "y", "x"]
    heights = [float(c.get("cy", "")) for c in circles]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == pytest.approx(HEIGHT - BOTTOM, abs=0.1)


def test_a_chart_without_scores_is_empty() -> None:
    nothing = np.full(3, np.nan)
    ElementTree.fromstring(by_clip({"a": nothing}, ["x", "y", "z"], "up"))
    assert "curve" not in distribution({"a": nothing}, "error")
