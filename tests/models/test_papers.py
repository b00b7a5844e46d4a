"""Every module of a network cites its paper, lists the paper's symbols, and says where it departs.

Read off the source by its syntax tree; nothing is imported.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from places import ROOT

PACKAGE = ROOT / "animate_cli"
CITATION = re.compile(r"\b(19|20)\d\d\b")
TABLE = re.compile(r"^ +symbol +\| name +\| shape +\| equation$", re.MULTILINE)
CELLS = re.compile(r"^ +[^|\n]*\|[^|\n]*\|[^|\n]*\|.+$", re.MULTILINE)
DEPARTURES = "Departures from the paper"


def _is_network(path: Path) -> bool:
    """Whether a class in the file derives from a torch module."""
    classes = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    return any("Module" in ast.unparse(base) for one in classes for base in one.bases)


NETWORKS = [
    path
    for folder in ("models", "layers/pretrained")
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if _is_network(path)
]


def test_there_are_networks() -> None:
    assert len(NETWORKS) >= 17


@pytest.mark.parametrize("path", NETWORKS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_paper_lies_beside_the_code(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False) or ""
    assert CITATION.search(text), "no paper is cited"
    assert TABLE.search(text), "no table symbol | name | shape | equation"
    assert len(CELLS.findall(text)) >= 3, "the table has no rows"
    assert DEPARTURES in text, "no word on departures from the paper"
