"""SHA-256 of files, folders and pixels."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes, or of all files of a folder in name order.

    Raises:
        OSError: a file is missing or cannot be read.
    """
    digest = hashlib.sha256()
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    for file in files:
        with file.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


def sha256_of_pixels(pixels: NDArray[np.uint8]) -> str:
    """Hexadecimal SHA-256 of an array's shape and values."""
    digest = hashlib.sha256(str(pixels.shape).encode())
    digest.update((pixels if pixels.flags.c_contiguous else pixels.copy(order="C")).data)
    return digest.hexdigest()
