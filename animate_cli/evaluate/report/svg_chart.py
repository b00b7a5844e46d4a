"""Charts as inline SVG; the page around them sets fonts, colours and sizes.

    distribution    a curve per model: share of clip pairs (up) with at most this error (across)
    by_clip         a column per clip pair, ordered by the last model's score; a mark per model

Colours are the CSS classes m0, m1, ..., so that a model has the same colour all over the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from animate_cli.evaluate.result import Array

WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 34
MARKS = 5  # lines of an axis, about
_STEPS = (1, 2, 2.5, 5, 10)


def distribution(scores: Mapping[str, Array], across: str) -> str:
    """scores: by model, one per clip pair; across: the title of the axis."""
    known = {name: np.sort(column[np.isfinite(column)]) for name, column in scores.items()}
    xs = scale(np.concatenate([*known.values(), np.zeros(1)]))
    frame = _Frame(xs=xs, ys=(0.0, 0.25, 0.5, 0.75, 1.0))
    elements = [frame.axes(across, "share of clips")]
    for number, (name, column) in enumerate(known.items()):
        if len(column):
            elements.append(_curve(frame, number, name, column))
    return _svg(elements, f"distribution of {across}")


def by_clip(scores: Mapping[str, Array], pairs: Sequence[str], up: str) -> str:
    """scores: by model, one per clip pair; pairs: their names; up: the title of the axis."""
    last = np.nan_to_num(list(scores.values())[-1], nan=math.inf)
    order = np.argsort(last, kind="stable")
    every = np.concatenate(list(scores.values()))
    frame = _Frame(xs=(-0.5, len(pairs) - 0.5), ys=scale(every[np.isfinite(every)]))
    elements = [frame.axes(f"{len(pairs)} clips", up, has_marks_across=False)]
    for number, (name, column) in enumerate(scores.items()):
        for position, pair in enumerate(order):
            if np.isfinite(column[pair]):
                x, y = frame.at(position, column[pair])
                title = escape(f"{pairs[pair]}, {name}: {column[pair]:.4g}")
                elements.append(
                    f'<circle class="m{number}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
                    f"<title>{title}</title></circle>"
                )
    return _svg(elements, f"{up} of every clip")


def scale(values: Array) -> tuple[float, ...]:
    """Round axis marks from below the least value to above the greatest; without values, 0 to 1."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    size = max(abs(low), abs(high))
    if size < 1e-300 or high - low <= 1e-9 * size:  # one value, as far as numbers can tell
        half = (size if size >= 1e-300 else 1.0) / 2
        low, high = low - half, high + half
    rough = (high - low) / MARKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(s for s in _STEPS if s * unit >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(float(step * k) for k in range(first, last + 1))


class _Frame:
    """A chart's axes. xs, ys: their marks, from least to greatest."""

    def __init__(self, *, xs: Sequence[float], ys: Sequence[float]) -> None:
        self.xs, self.ys = xs, ys

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Values -> position in the SVG, y downwards."""
        across = (x - self.xs[0]) / (self.xs[-1] - self.xs[0])
        up = (y - self.ys[0]) / (self.ys[-1] - self.ys[0])
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (
            HEIGHT - TOP - BOTTOM
        )

    def axes(self, across: str, up: str, *, has_marks_across: bool = True) -> str:
        """Grid lines, numbers, and the titles `across` and `up`."""
        bottom, middle = HEIGHT - BOTTOM, (HEIGHT - BOTTOM + TOP) / 2
        parts = []
        for y in self.ys:
            _, at = self.at(self.xs[0], y)
            parts.append(f'<path class="line" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text x="{LEFT - 5}" y="{at + 4:.1f}" class="end">{y:.4g}</text>')
        for x in self.xs if has_marks_across else ():
            at, _ = self.at(x, self.ys[0])
            parts.append(f'<path class="line" d="M{at:.1f} {TOP}V{bottom}"/>')
            parts.append(f'<text x="{at:.1f}" y="{bottom + 14}" class="mid">{x:.4g}</text>')
        centre = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{centre}" y="{HEIGHT - 4}" class="mid">{escape(across)}</text>')
        turned = f'transform="translate(12 {middle}) rotate(-90)"'
        parts.append(f'<text {turned} class="mid">{escape(up)}</text>')
        return "".join(parts)


def _curve(frame: _Frame, number: int, name: str, column: Array) -> str:
    """A step curve that rises at every value and ends at the right edge. number: of the model."""
    x, y = frame.at(frame.xs[0], 0)
    path = f"M{x:.1f} {y:.1f}"
    for count, value in enumerate(column, start=1):
        x, y = frame.at(value, count / len(column))
        path += f"H{x:.1f}V{y:.1f}"
    path += f"H{WIDTH - RIGHT}"
    return f'<path class="curve m{number}" d="{path}"><title>{escape(name)}</title></path>'


def _svg(elements: Sequence[str], label: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg {size} role="img" aria-label="{escape(label)}">{"".join(elements)}</svg>'
