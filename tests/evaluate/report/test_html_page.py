"""Pages of results: whole HTML, everything inside the file, worst clips first; in a browser too."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from browser import browser, visit
from PIL import Image as Pillow
from result_file import result_json

from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.report.gallery import Gallery
from animate_cli.evaluate.report.html_page import CAUTION, WORST, page, worst_by, worst_pairs
from animate_cli.evaluate.report.published import published
from animate_cli.evaluate.result import Result, parse_result
from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.evaluate.runner.render_frames import RenderedFrame
from animate_cli.records import Rendered

PAIRS = [f"pair <{k}>" for k in range(14)]
EMPTY = {"meta", "link", "img"}


class Reader(HTMLParser):
    """Refuses tags that cross; collects addresses and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in {"src", "href", "action", "data"}]
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def result() -> Result:
    rng = np.random.default_rng(0)
    models = {
        name: {
            "l1": list(0.1 + rng.random(14)),
            "psnr": [*(20 + rng.random(13)), None],
            "akd": list(rng.random(14)),
            "lpips": [None] * 14,
        }
        for name in ("still", "thin_plate", "own:<weights>")
    }
    needs = {"lpips": "--metric-weights DIR"}
    return parse_result(result_json(models, pairs=PAIRS, needs=needs), "r")


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    (tmp_path / "gallery").mkdir()
    candidates = [Candidate(name="still", model=""), Candidate(name="own", model="own")]
    seen = Gallery(tmp_path / "gallery", candidates, Protocol())
    for number, name in enumerate(PAIRS):
        seen.on_pair_start(number, ClipPair(name=name, source=Path("a"), driver=Path("a")))
        for index in range(3):
            pixels = np.full((40, 30, 3), 10 * number + 20 * index, np.uint8)
            drawn = RenderedFrame(pixels=pixels, rendered=_rendered())
            outputs = (RenderedFrame(pixels=pixels), drawn)
            seen.on_frame(ScoredFrame(index=index, source=pixels, driver=pixels, outputs=outputs))
        seen.on_pair_end(ClipPair(name=name, source=Path("a"), driver=Path("a")))
    return seen


def _rendered() -> Rendered:
    import torch

    return Rendered(face=torch.zeros(1, 3, 16, 16), grid=None, refine_mask=None)


def pictures(read: Reader) -> list[Pillow.Image]:
    contents = [a.partition("base64,")[2] for a in read.addresses if a.startswith("data:image")]
    return [Pillow.open(BytesIO(b64decode(content))) for content in contents]


def test_everything_is_inside_and_whole(gallery: Gallery) -> None:
    text = page(result(), gallery)
    read = Reader(text)
    assert all(address.startswith("data:") for address in read.addresses)
    assert "script" not in read.tags
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import|https?://", text)
    found = pictures(read)
    assert len(found) == 2 * len(PAIRS)
    assert sum(getattr(picture, "n_frames", 1) == 3 for picture in found) == len(PAIRS)


def test_it_has_scores_marks_and_published_tables(gallery: Gallery) -> None:
    words = Reader(page(result(), gallery)).words
    own = result()
    for metric in own.metrics:
        assert metric.title in words
    assert f"{own.mean('thin_plate', 'akd'):.4f}" in words
    assert "n/a" in words
    assert "needs --metric-weights DIR" in words
    assert "pair <13>" in words
    assert words.count(CAUTION) >= len(published())
    for value in ("30.74", "30.97", "10.05"):
        assert value in words


def test_the_worst_pairs_come_first(gallery: Gallery) -> None:
    own = result()
    metric = worst_by(own, "own:<weights>")
    assert metric is not None
    assert metric.name == "l1"
    worst = worst_pairs(own, "own:<weights>", metric)
    column = own.column("own:<weights>", "l1")
    assert worst[0] == PAIRS[int(column.argmax())]
    words = Reader(page(own, gallery)).words
    section = words[words.index("Worst clips") : words.index("Other clips")]
    assert [w for w in worst if w in section] == worst[:WORST]
    higher = next(m for m in own.metrics if m.name == "psnr")
    by_psnr = worst_pairs(own, "still", higher)
    assert len(by_psnr) == 13
    assert by_psnr[0] == PAIRS[int(np.nanargmin(own.column("still", "psnr")))]


def test_without_pictures_it_is_still_a_page() -> None:
    read = Reader(page(result(), None))
    assert "img" not in read.tags
    assert read.tags.count("svg") == 2 + 3  # l1 and akd; l1, psnr and akd by clip


@pytest.mark.slow
@pytest.mark.skipif(browser() is None, reason="no Chromium is installed")
def test_a_browser_shows_every_picture_and_complains_of_nothing(
    gallery: Gallery, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    text = page(result(), gallery)
    path.write_text(text, encoding="utf-8")
    _, console = visit(path, tmp_path / "profile")
    assert console == []
    bad = tmp_path / "bad.html"
    bad.write_text(text.replace("<body>", '<body><img src="https://example.org/a.png">'))
    assert len(visit(bad, tmp_path / "profile")[1]) == 1  # errors are in the console
    counting = (
        "<script>addEventListener('load', () => {"
        "const wide = [...document.images].filter(one => one.naturalWidth > 9);"
        "document.title = 'shown ' + wide.length})</script>"
    )
    policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)
    assert policy is not None
    path.write_text(text.replace(policy.group(), counting), encoding="utf-8")
    document, _ = visit(path, tmp_path / "profile")
    assert f"<title>shown {2 * len(PAIRS)}</title>" in document
