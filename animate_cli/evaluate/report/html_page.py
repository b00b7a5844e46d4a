"""A result as one HTML file: tables, drawings, pictures; no scripts, and nothing fetched.

Its own policy forbids every address but pictures inside the file, so that opening it tells nobody
and works without a network.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from animate_cli.evaluate.clips.candidate import STILL
from animate_cli.evaluate.report.gallery import PREVIEW, SHEET, Gallery
from animate_cli.evaluate.report.html_style import STYLE
from animate_cli.evaluate.report.published import BOLD, CAUTION, Published, published
from animate_cli.evaluate.report.score_cells import Cell, footnotes, headline, number, row, times
from animate_cli.evaluate.report.svg_chart import by_clip, distribution
from animate_cli.evaluate.result import Array, MetricInfo, Result

WORST = 10
MOST_OTHERS = 60  # takes shown beside the worst ones: a page must still open
DECIDES = ("lpips", "l1", "identity")  # what the worst takes are the worst by: the first that is

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(result: Result, gallery: Gallery | None) -> str:
    """The whole file. gallery: pictures of takes; None: there are none."""
    parts = [
        f"<h1>{escape(headline(result))}</h1>",
        *_setting(result),
        *_scores(result),
        *_drawings(result),
        *(_pictures(result, gallery) if gallery else ()),
        *_published(),
    ]
    return document(f"animate eval: {headline(result)}", "\n".join(parts), STYLE, POLICY)


def document(title: str, body: str, style: str, policy: str) -> str:
    """A file that needs no other."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n'
        f"<style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def inline(content: bytes, kind: str) -> str:
    """An address that is the picture itself."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def worst_takes(result: Result, model: str, measure: MetricInfo) -> list[str]:
    """The takes with a figure, the worst first."""
    column = result.column(model, measure.name)
    badness = column if measure.is_lower_better else -column
    order = np.argsort(-np.nan_to_num(badness, nan=-math.inf), kind="stable")
    return [result.takes[k] for k in order if np.isfinite(column[k])]


def _setting(result: Result) -> Iterator[str]:
    """What the figures depend on, whole."""
    yield "<details><summary>protocol, data, weights, judges, versions</summary>"
    facts = {
        **{f"protocol: {key}": str(value) for key, value in result.protocol.items()},
        "data": f"{result.data}, split {result.split}",
        "frames drawn": str(result.frames),
        **{
            f"weights of {one.name}": one.sha256
            + (f", trained on {', '.join(one.trained_on)}" if one.trained_on else "")
            for one in result.models
            if one.sha256
        },
        **{f"judge: {name}": sha256 for name, sha256 in result.judges.items()},
        **{f"version of {name}": version for name, version in result.versions.items()},
        **{f"not scored: {take}": reason for take, reason in result.skipped},
    }
    yield _table(("", ""), [(key, escape(value)) for key, value in facts.items()])
    yield "</details>"


def _scores(result: Result) -> Iterator[str]:
    """The terminal's table, and what its marks mean."""
    rows = [(m.title, *map(_cell, row(result, m))) for m in result.measures]
    rows.append(("ms per frame, to draw", *times(result)))
    yield "<h2>Figures</h2>"
    yield _table(("metric", *(one.name for one in result.models)), rows)
    yield from (f'<p class="note">{escape(line)}</p>' for line in footnotes(result))


def _drawings(result: Result) -> Iterator[str]:
    """Distances between landmarks as distributions; every metric take by take."""
    present = [m for m in result.measures if not m.needs and _has_figures(result, m)]
    yield "<h2>Cumulative error distributions</h2>"
    yield '<p class="note">Over takes, of each take\'s own mean; not over frames.</p>'
    yield _legend(result)
    yield '<div class="charts">'
    for measure in present:
        if measure.name.startswith("akd") or measure.name in ("l1", "lpips"):
            yield distribution(_columns(result, measure), measure.title)
    yield "</div><h2>Take by take</h2>"
    yield '<p class="note">Ordered by the last model; the pointer tells names.</p>'
    yield _legend(result)
    yield '<div class="charts">'
    yield from (by_clip(_columns(result, m), result.takes, m.title) for m in present)
    yield "</div>"


def _pictures(result: Result, gallery: Gallery) -> Iterator[str]:
    """The worst takes of the last model, then others."""
    model = result.models[-1].name
    measure = deciding(result, model)
    shown = [take for take in result.takes if gallery.has(take)]
    if measure is not None:
        worst = [take for take in worst_takes(result, model, measure) if gallery.has(take)][:WORST]
        yield f"<h2>Worst takes of {escape(model)}, by {escape(measure.title)}</h2>"
        for take in worst:
            figure = result.column(model, measure.name)[result.takes.index(take)]
            yield _take(gallery, take, f"{measure.label} {number(float(figure))}", result)
        shown = [take for take in shown if take not in worst]
    if shown:
        yield f"<h2>Other takes</h2><details><summary>{len(shown)} takes</summary>"
        for take in shown[:MOST_OTHERS]:
            yield _take(gallery, take, "", result)
        if len(shown) > MOST_OTHERS:
            yield f'<p class="note">{len(shown) - MOST_OTHERS} more are not shown.</p>'
        yield "</details>"


def deciding(result: Result, model: str) -> MetricInfo | None:
    """By which metric a model's takes are the worst; None where it has no figure."""
    by_name = {m.name: m for m in result.measures if _is_known(result, model, m)}
    first = next((by_name[name] for name in DECIDES if name in by_name), None)
    return first or next(iter(by_name.values()), None)


def _take(gallery: Gallery, take: str, figure: str, result: Result) -> str:
    drawn = [one.name for one in result.models if one.name != STILL]
    said = escape(", ".join(("source", "driver", *drawn)))
    name = escape(take)
    return (
        f'<figure><figcaption>{name} <span class="note">{escape(figure)}</span></figcaption>'
        f'<img alt="{name}: {said}" src="{inline(gallery.preview(take), PREVIEW)}">'
        f'<p class="note">{said}</p>'
        f'<img alt="{name}: contact sheet" src="{inline(gallery.sheet(take), SHEET)}"></figure>'
    )


def _published() -> Iterator[str]:
    """What the papers print, table by table."""
    yield f"<h2>Published figures: {CAUTION}</h2>"
    yield f'<p class="note">As they are printed. None of them is comparable: {CAUTION}.</p>'
    for one in published():
        yield f"<h3>{escape(one.paper)}: {escape(one.place)}</h3>"
        yield f"<p>{escape(one.caption)} ({escape(one.data)}; <strong>{CAUTION}</strong>)</p>"
        yield _table(("", *one.columns), _bold_rows(one))
        yield from (f'<p class="note">Note: {escape(note)}</p>' for note in one.notes)


def _bold_rows(one: Published) -> list[tuple[str, ...]]:
    def bold(text: str) -> str:
        is_bold = text.startswith(BOLD) and text.endswith(BOLD)
        plain = escape(text.strip(BOLD))
        return f"<b>{plain}</b>" if is_bold else plain

    return [(first, *map(bold, rest)) for first, *rest in one.rows]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """head and the first column are text; other cells are HTML."""
    above = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f'<div class="wide"><table><tr>{above}</tr>{body}</table></div>'


def _cell(cell: Cell) -> str:
    aside = escape(" ".join(part for part in (cell.ratio, cell.share) if part))
    return escape(cell.figure) + (f' <span class="note">{aside}</span>' if aside else "")


def _legend(result: Result) -> str:
    names = (
        f'<span class="m{place}">● {escape(one.name)}</span>'
        for place, one in enumerate(result.models)
    )
    return f'<p class="legend">{" ".join(names)}</p>'


def _columns(result: Result, measure: MetricInfo) -> dict[str, Array]:
    return {one.name: result.column(one.name, measure.name) for one in result.models}


def _has_figures(result: Result, measure: MetricInfo) -> bool:
    return any(_is_known(result, one.name, measure) for one in result.models)


def _is_known(result: Result, model: str, measure: MetricInfo) -> bool:
    return bool(np.isfinite(result.column(model, measure.name)).any())
