"""The images of an evaluation: a contact sheet and a preview of every clip pair, in a folder.

They are kept on disk, so that a thousand pairs need no more memory than one.
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
from animate_cli.evaluate.runner.observer import EvaluationObserver, ScoredFrame

QUALITY = 82
SHEET, PREVIEW = "image/jpeg", "image/webp"


class Gallery(EvaluationObserver):
    """An observer that keeps images by the names of the clip pairs."""

    def __init__(self, folder: Path, candidates: Sequence[Candidate], protocol: Protocol) -> None:
        """folder: an empty one. The caller deletes it."""
        self._folder, self._protocol = folder, protocol
        self._names = [one.name for one in candidates if one.model]
        self._numbers: dict[str, int] = {}
        self._begin()

    def on_pair_start(self, number: int, pair: ClipPair) -> None:
        """Begin a sheet and a preview."""
        self._begin()

    def on_frame(self, frame: ScoredFrame) -> None:
        """Add the frame to both."""
        self._sheet.add(frame)
        self._preview.add(frame)

    def on_pair_end(self, pair: ClipPair) -> None:
        """Write both."""
        if not self._sheet.is_empty:
            number = self._numbers.setdefault(pair.name, len(self._numbers))
            file = BytesIO()
            Pillow.fromarray(self._sheet.image()).save(file, format="JPEG", quality=QUALITY)
            (self._folder / f"{number}.jpg").write_bytes(file.getvalue())
            (self._folder / f"{number}.webp").write_bytes(self._preview.encode())

    def has(self, pair: str) -> bool:
        """Whether there are images of a pair, given by its name."""
        return pair in self._numbers

    def sheet(self, pair: str) -> bytes:
        """The contact sheet of a pair: a JPEG file."""
        return (self._folder / f"{self._numbers[pair]}.jpg").read_bytes()

    def preview(self, pair: str) -> bytes:
        """The preview of a pair: an animated WebP file."""
        return (self._folder / f"{self._numbers[pair]}.webp").read_bytes()

    def _begin(self) -> None:
        self._sheet = ContactSheet(self._names, self._protocol.reenactment)
        self._preview = ClipPreview(self._protocol.stride)
