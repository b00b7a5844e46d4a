"""Folders that tests read: the checkout, its examples, and the data beside it, if any."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared"
"""Not part of the checkout: tests that need it skip without it."""
