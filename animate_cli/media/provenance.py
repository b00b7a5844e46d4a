"""The marking inside every result: it is synthetic; sha256 of inputs and weights; software."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import av
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

COMMENT = "comment"
_GIF_COMMENT = b"\x21\xfe"
_GIF_END = b"\x3b"
_EXIF_DESCRIPTION = 0x010E
_GIF_TAIL = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Marking:
    """The provenance statement in a result.

    weights: (name, sha256) of each set used; source_sha256, driver_sha256: of the inputs' bytes.
    digital_source_type is IPTC's term for pictures that are partly made by a trained algorithm.
    """

    version: str
    model: str
    source_sha256: str
    driver_sha256: str = ""
    weights: tuple[tuple[str, str], ...] = ()
    software: str = "animate"
    synthetic: bool = True
    digital_source_type: str = "compositeWithTrainedAlgorithmicMedia"

    def text(self) -> str:
        """One line of JSON."""
        return json.dumps({**asdict(self), "weights": dict(self.weights)}, sort_keys=True)


def read_marking(path: Path) -> Marking | None:
    """The statement in a video, a picture, or a folder's first picture; None if there is none."""
    if path.is_dir():
        first = min(path.glob("*.png"), default=None)
        return read_marking(first) if first else None
    for text in (_text_in_picture(path), _text_in_video(path), _text_in_gif(path)):
        marking = _parsed(text)
        if marking:
            return marking
    return None


def mark_gif(path: Path, marking: Marking) -> None:
    """Add the statement to a finished GIF as a comment block; its muxer writes none."""
    text = marking.text().encode("ascii", "backslashreplace")
    chunks = [text[i : i + 255] for i in range(0, len(text), 255)]
    block = b"".join(bytes([len(chunk)]) + chunk for chunk in chunks) + b"\x00"
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(_GIF_COMMENT + block + _GIF_END)


def exif_with(marking: Marking) -> Pillow.Exif:
    """The statement as EXIF, for picture formats without text fields."""
    exif = Pillow.Exif()
    exif[_EXIF_DESCRIPTION] = marking.text()
    return exif


def _parsed(text: str) -> Marking | None:
    try:
        fields = json.loads(text)
        weights = tuple((str(k), str(v)) for k, v in fields.pop("weights").items())
        return Marking(weights=weights, **fields)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _text_in_picture(path: Path) -> str:
    try:
        with Pillow.open(path) as image:
            text = image.info.get(COMMENT) or image.getexif().get(_EXIF_DESCRIPTION, "")
    except (UnidentifiedImageError, OSError, ValueError, Pillow.DecompressionBombError):
        return ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _text_in_video(path: Path) -> str:
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return next((v for k, v in container.metadata.items() if k.lower() == COMMENT), "")
    except (av.FFmpegError, ValueError):
        return ""


def _text_in_gif(path: Path) -> str:
    tail = path.read_bytes()[-_GIF_TAIL:] if path.suffix.lower() == ".gif" else b""
    start = tail.rfind(_GIF_COMMENT)
    text, at = b"", start + 2
    while start >= 0 and at < len(tail) and (size := tail[at]):
        text += tail[at + 1 : at + 1 + size]
        at += 1 + size
    return text.decode("ascii", "replace")
