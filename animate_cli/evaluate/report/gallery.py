"""What an evaluation's takes looked like: a contact sheet and a preview of each, in a folder.

They are on disk so that a thousand takes need no more memory than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image as Pillow

from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.report.contact_sheet import ContactSheet
from animate_cli.evaluate.report.preview import ClipPreview
from animate_cli.evaluate.runner.clip_run import ScoredFrame
from animate_cli.evaluate.runner.evaluate import EvaluationObserver

QUALITY = 82
SHEET, PREVIEW = "image/jpeg", "image/webp"


class Gallery(EvaluationObserver):
    """Looks on, and keeps pictures by the takes' names."""

    def __init__(self, folder: Path, entrants: Sequence[Candidate], protocol: Protocol) -> None:
        """folder: an empty one, emptied by whoever gave it."""
        self._folder, self._protocol = folder, protocol
        self._names = [one.name for one in entrants if one.model]
        self._places: dict[str, int] = {}
        self._open()

    def begins(self, number: int, take: ClipPair) -> None:
        """New pictures."""
        self._open()

    def sees(self, shown: ScoredFrame) -> None:
        """Keep it for both."""
        self._sheet.add(shown)
        self._preview.add(shown)

    def ends(self, take: ClipPair) -> None:
        """Write both."""
        if not self._sheet.is_empty:
            place = self._places.setdefault(take.name, len(self._places))
            file = BytesIO()
            picture = Pillow.fromarray(self._sheet.picture())
            picture.save(file, format="JPEG", quality=QUALITY)
            (self._folder / f"{place}.jpg").write_bytes(file.getvalue())
            (self._folder / f"{place}.webp").write_bytes(self._preview.encode())

    def has(self, take: str) -> bool:
        """Whether it was seen to its end."""
        return take in self._places

    def sheet(self, take: str) -> bytes:
        """Its contact sheet, a JPEG."""
        return (self._folder / f"{self._places[take]}.jpg").read_bytes()

    def preview(self, take: str) -> bytes:
        """Its preview, a WebP."""
        return (self._folder / f"{self._places[take]}.webp").read_bytes()

    def _open(self) -> None:
        self._sheet = ContactSheet(self._names, self._protocol.reenactment)
        self._preview = ClipPreview(self._protocol.stride)
