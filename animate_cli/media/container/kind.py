"""Finds the kind of a file or folder from its content, not its name."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import av

from animate_cli.errors import DAMAGED_ARCHIVE, MediaError
from animate_cli.media.container.open_container import open_container, require_file, video_stream
from animate_cli.records import Kind

__all__ = [
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Kind",
    "is_heif",
    "is_still",
    "kind_of",
    "looks_like_video",
]

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".heif", ".avif"}
)
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv", ".flv"}
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"hevc", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_STILL_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"BM")
_VIDEO_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_HEAD = 16


def kind_of(path: Path) -> Kind:
    """The kind: image, video, folder of numbered pictures (any folder), or driver template.

    A GIF with one frame is an image, with more a video. A file that starts like a video counts as
    one even if it is damaged: its reader reports the damage.

    Raises:
        MediaError: missing, unreadable, empty, or none of the four.
    """
    with contextlib.suppress(OSError):  # `require_file` raises it with a hint
        if path.is_dir():
            return Kind.FRAMES
    require_file(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"GIF8"):
        return Kind.VIDEO if _is_animated(path) else Kind.IMAGE
    if is_still(head):
        return Kind.IMAGE
    if head.startswith(b"PK\x03\x04") and _is_template(path):
        return Kind.TEMPLATE
    if looks_like_video(head) or _has_video(path):
        return Kind.VIDEO
    raise MediaError(
        f"{path} is neither a picture, a video nor a driver template",
        hint="its content decides, not its name: check what the file really is",
    )


def is_still(head: bytes) -> bool:
    """Whether a file's first bytes are those of a still picture."""
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_avif = head[4:8] == b"ftyp" and head[8:12] in _AVIF_BRANDS
    return is_webp or is_avif or is_heif(head) or head.startswith(_STILL_STARTS)


def is_heif(head: bytes) -> bool:
    """Whether a file's first bytes are those of a HEIC picture."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def looks_like_video(head: bytes) -> bool:
    """Whether a file's first bytes are those of a common video container."""
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    is_matroska = head.startswith(b"\x1a\x45\xdf\xa3")
    return is_avi or is_matroska or (head[4:8] in _VIDEO_BOXES and not is_still(head))


def _is_animated(path: Path) -> bool:
    try:
        with open_container(path) as container:
            stream = video_stream(container, path)
            seen = 0
            for packet in container.demux(stream):
                seen += packet.size > 0
                if seen > 1:
                    return True
    except (MediaError, av.FFmpegError):
        return False
    return False


def _is_template(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except DAMAGED_ARCHIVE:
        return False


def _has_video(path: Path) -> bool:
    try:
        with open_container(path) as container:
            video_stream(container, path)
            return True
    except MediaError:
        return False
