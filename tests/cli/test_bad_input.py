"""Bad photos from the shell."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from refusal import refused
from toy_world import ToyWorld, toy_frame


def text_file(path: Path) -> None:
    path.write_text("This is not a picture.\n" * 20)


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def truncated_png(path: Path) -> None:
    content = cv2.imencode(".png", toy_frame(160, 120))[1].tobytes()
    path.write_bytes(content[: len(content) // 2])


def one_pixel(path: Path) -> None:
    cv2.imwrite(str(path), np.zeros((1, 1, 3), np.uint8))


def huge_png(path: Path) -> None:
    """30,000 x 30,000 by its header; the data is never reached."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        sum_ = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + sum_

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))


BAD_PICTURES: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (empty_file, "is empty"),
    "text named .png": (text_file, "is not a picture"),
    "truncated": (truncated_png, "cannot be decoded"),
    "1x1": (one_pixel, "no face"),
    "30,000x30,000": (huge_png, "too large"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_bad_source(toy: ToyWorld, case: str) -> None:
    make, says = BAD_PICTURES[case]
    make(toy.folder / "bad.png")
    refused(toy, says, "bad.png", "--driver", toy.driver())


def test_missing_source(toy: ToyWorld) -> None:
    refused(toy, "nowhere.png does not exist", "nowhere.png", "--driver", toy.driver())


def test_a_folder_is_no_source(toy: ToyWorld) -> None:
    (toy.folder / "folder").mkdir()
    refused(toy, "is a folder", "folder", "--driver", toy.driver())


def test_source_without_a_face(toy: ToyWorld) -> None:
    photo = toy.photo("bare.png", face=False)
    refused(toy, "bare.png: no face was found", photo, "--driver", toy.driver())


def test_a_video_as_source(toy: ToyWorld) -> None:
    refused(toy, "sources are photos", toy.driver("a.mp4"), "--driver", toy.driver())


def test_the_pixel_limit_is_an_option(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver(frames=1)
    refused(toy, "too large", photo, "--driver", driver, "--max-pixels", "1000")
