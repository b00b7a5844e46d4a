"""A result as one HTML file with tables, charts and images.

It has no scripts, and its content security policy allows no address but images inside the file, so
that it works without a network and opening it contacts nobody.
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
MOST_OTHERS = 60  # pairs shown beside the worst ones, so that a browser can still open the page
WORST_BY = ("lpips", "l1", "identity")  # the worst pairs are chosen by the first of these

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(result: Result, gallery: Gallery | None) -> str:
    """The whole file. gallery: images of the clip pairs; None: without images."""
    parts = [
        f"<h1>{escape(headline(result))}</h1>",
        *_settings(result),
        *_scores(result),
        *_charts(result),
        *(_images(result, gallery) if gallery else ()),
        *_published(),
    ]
    return document(f"animate eval: {headline(result)}", "\n".join(parts), STYLE, POLICY)


def document(title: str, body: str, style: str, policy: str) -> str:
    """An HTML document. body, style: of HTML and CSS; policy: its content security policy."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{escape(title)}</title>\n'
        f"<style>{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def inline(content: bytes, kind: str) -> str:
    """A data address with the file's content. kind: its media type."""
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def worst_pairs(result: Result, model: str, metric: MetricInfo) -> list[str]:
    """Names of the pairs that have a score, the worst first."""
    column = result.column(model, metric.name)
    badness = column if metric.is_lower_better else -column
    order = np.argsort(-np.nan_to_num(badness, nan=-math.inf), kind="stable")
    return [result.pairs[k] for k in order if np.isfinite(column[k])]


def _settings(result: Result) -> Iterator[str]:
    """Everything that the scores depend on."""
    yield "<details><summary>protocol, data, weights, evaluators, versions</summary>"
    facts = {
        **{f"protocol: {key}": str(value) for key, value in result.protocol.items()},
        "data": f"{result.data}, split {result.split}",
        "frames rendered": str(result.frames),
        **{
            f"weights of {one.name}": one.sha256
            + (f", trained on {', '.join(one.trained_on)}" if one.trained_on else "")
            for one in result.models
            if one.sha256
        },
        **{f"evaluator: {name}": sha256 for name, sha256 in result.evaluators.items()},
        **{f"version of {name}": version for name, version in result.versions.items()},
        **{f"not scored: {one.name}": one.reason for one in result.skipped},
    }
    yield _table(("", ""), [(key, escape(value)) for key, value in facts.items()])
    yield "</details>"


def _scores(result: Result) -> Iterator[str]:
    """The table that the command line prints, and its footnotes."""
    rows = [(m.title, *map(_cell, row(result, m))) for m in result.metrics]
    rows.append(("rendering, ms per frame", *times(result)))
    yield "<h2>Scores</h2>"
    yield _table(("metric", *(one.name for one in result.models)), rows)
    yield from (f'<p class="note">{escape(line)}</p>' for line in footnotes(result))


def _charts(result: Result) -> Iterator[str]:
    """Error distributions, and every metric by clip pair."""
    present = [m for m in result.metrics if not m.needs and _has_scores(result, m)]
    yield "<h2>Cumulative error distributions</h2>"
    yield '<p class="note">Over the means of clips, not over frames.</p>'
    yield _legend(result)
    yield '<div class="charts">'
    for metric in present:
        if metric.name.startswith("akd") or metric.name in ("l1", "lpips"):
            yield distribution(_columns(result, metric), metric.title)
    yield "</div><h2>By clip</h2>"
    yield '<p class="note">Ordered by the last model. Point at a mark to see its name.</p>'
    yield _legend(result)
    yield '<div class="charts">'
    yield from (by_clip(_columns(result, m), result.pairs, m.title) for m in present)
    yield "</div>"


def _images(result: Result, gallery: Gallery) -> Iterator[str]:
    """The worst pairs of the last model, then others."""
    model = result.models[-1].name
    metric = worst_by(result, model)
    others = [pair for pair in result.pairs if gallery.has(pair)]
    if metric is not None:
        worst = [pair for pair in worst_pairs(result, model, metric) if gallery.has(pair)][:WORST]
        yield f"<h2>Worst clips of {escape(model)}, by {escape(metric.title)}</h2>"
        for pair in worst:
            score = result.column(model, metric.name)[result.pairs.index(pair)]
            yield _pair_figure(gallery, pair, f"{metric.label} {number(float(score))}", result)
        others = [pair for pair in others if pair not in worst]
    if others:
        yield f"<h2>Other clips</h2><details><summary>{len(others)} clips</summary>"
        for pair in others[:MOST_OTHERS]:
            yield _pair_figure(gallery, pair, "", result)
        if len(others) > MOST_OTHERS:
            yield f'<p class="note">{len(others) - MOST_OTHERS} more are not shown.</p>'
        yield "</details>"


def worst_by(result: Result, model: str) -> MetricInfo | None:
    """The metric by which a model's worst pairs are chosen; None where it has no scores."""
    by_name = {m.name: m for m in result.metrics if _is_known(result, model, m)}
    first = next((by_name[name] for name in WORST_BY if name in by_name), None)
    return first or next(iter(by_name.values()), None)


def _pair_figure(gallery: Gallery, pair: str, note: str, result: Result) -> str:
    """The preview and the contact sheet of one pair."""
    models = [one.name for one in result.models if one.name != STILL]
    columns = escape(", ".join(("source", "driver", *models)))
    name = escape(pair)
    return (
        f'<figure><figcaption>{name} <span class="note">{escape(note)}</span></figcaption>'
        f'<img alt="{name}: {columns}" src="{inline(gallery.preview(pair), PREVIEW)}">'
        f'<p class="note">{columns}</p>'
        f'<img alt="{name}: contact sheet" src="{inline(gallery.sheet(pair), SHEET)}"></figure>'
    )


def _published() -> Iterator[str]:
    """The tables of the papers."""
    yield f"<h2>Published scores: {CAUTION}</h2>"
    yield f'<p class="note">As printed. None of them is comparable: {CAUTION}.</p>'
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


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The header and the first column are text; other cells are HTML."""
    above = "".join(f"<th>{escape(text)}</th>" for text in header)
    body = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    return f'<div class="wide"><table><tr>{above}</tr>{body}</table></div>'


def _cell(cell: Cell) -> str:
    aside = escape(" ".join(part for part in (cell.ratio, cell.share) if part))
    return escape(cell.score) + (f' <span class="note">{aside}</span>' if aside else "")


def _legend(result: Result) -> str:
    names = (
        f'<span class="m{number}">● {escape(one.name)}</span>'
        for number, one in enumerate(result.models)
    )
    return f'<p class="legend">{" ".join(names)}</p>'


def _columns(result: Result, metric: MetricInfo) -> dict[str, Array]:
    return {one.name: result.column(one.name, metric.name) for one in result.models}


def _has_scores(result: Result, metric: MetricInfo) -> bool:
    return any(_is_known(result, one.name, metric) for one in result.models)


def _is_known(result: Result, model: str, metric: MetricInfo) -> bool:
    return bool(np.isfinite(result.column(model, metric.name)).any())
