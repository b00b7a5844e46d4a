"""What tests import from the package exists: read off the source, nothing is imported."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from places import ROOT


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _names_of(module: str) -> set[str] | None:
    """Names that a module of the package defines or imports; None where it is no file of it."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.is_file():
        return None
    names = {one.stem for one in path.glob("*.py")} | {one.name for one in path.glob("*/")}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(one.asname or one.name).split(".")[0] for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda p: p.name)
def test_what_tests_import_exists(path: Path) -> None:
    """Types are not checked in tests, and benchmarks seldom run: a renamed name shows here."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("animate_cli."):
            names = _names_of(str(node.module))
            assert names is not None, f"{path}: no module {node.module}"
            missing = {one.name for one in node.names} - names
            assert not missing, f"{path}: {node.module} has no {missing}"
