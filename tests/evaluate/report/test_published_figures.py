"""Published figures: whole tables, and the contradictions that their notes name."""

from __future__ import annotations

import pytest

from animate_cli.evaluate.report.published import BOLD, Published, published


def table(author: str, place: str) -> Published:
    (found,) = [t for t in published() if t.paper.startswith(author) and t.place == place]
    return found


def column(found: Published, head: str) -> dict[str, str]:
    place = 1 + found.columns.index(head)
    return {row[0]: row[place] for row in found.rows}


def number(text: str) -> float:
    return float(text.strip("*%"))


def test_every_row_is_whole_and_every_table_once() -> None:
    assert len({(t.paper, t.place) for t in published()}) == len(published()) == 11
    for one in published():
        assert one.rows
        assert one.data
        assert all(len(row) == 1 + len(one.columns) for row in one.rows), one.place
        assert all(row.count(BOLD) % 2 == 0 for r in one.rows for row in r)


@pytest.mark.parametrize(
    ("author", "place"), [("Zhao", "table 1"), ("Zhao", "table 5"), ("Zhao", "table 3")]
)
def test_bold_is_the_best_but_for_the_psnr(author: str, place: str) -> None:
    found = table(author, place)
    for head in found.columns:
        known = {name: text for name, text in column(found, head).items() if text != "N/A"}
        best = max if "↑" in head else min
        (bold,) = [number(text) for text in known.values() if text.startswith(BOLD)]
        is_best = bold == best(number(text.replace(" ", "")) for text in known.values())
        assert is_best != (head == "PSNR ↓")


def test_noted_contradictions_are_there() -> None:
    karim = column(table("Karim", "table 1"), "PSNR")
    assert float(karim["MonkeyNet"]) > float(karim["The suggested method"])
    assert any("30.74" in note for note in table("Karim", "table 1").notes)
    scales = [number(column(table("Zhao", f"table {n}"), "L1 ↓")["Ours"]) for n in (1, 3)]
    assert scales[1] > 100 * scales[0]
    assert any("another scale" in note for note in table("Zhao", "table 3").notes)
    yi = table("Yi", "table 2")
    assert yi.rows[-1][1:] == table("Yi", "table 1").rows[-1][5:9]
    for place in range(1, 5):
        values = [float(row[place]) for row in yi.rows]
        assert float(yi.rows[-1][place]) > min(values)
