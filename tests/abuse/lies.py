"""Files with false headers: sizes, counts, durations, time bases."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.lib import format as npy

BIG, MANY = 0xFFFFFFFF, 0x7FFFFFFF

# box, bytes after its name, struct code, values
MP4_FIELDS = (
    ("mvhd", 12, ">I", (0, 1, BIG)),  # time scale
    ("mvhd", 16, ">I", (0, BIG)),  # duration
    ("mdhd", 12, ">I", (0, 1, BIG)),
    ("mdhd", 16, ">I", (0, BIG)),
    ("tkhd", 76, ">I", (0, BIG)),  # width
    ("stts", 4, ">I", (0, MANY)),  # entries
    ("stts", 8, ">I", (0, MANY, BIG)),  # frames of the first
    ("stts", 12, ">I", (0, MANY, BIG)),  # their duration
    ("ctts", 4, ">I", (0, MANY)),
    ("ctts", 12, ">I", (MANY, BIG)),
    ("stsz", 8, ">I", (0, MANY, BIG)),  # frames
    ("stsz", 12, ">I", (0, MANY, BIG)),  # bytes of the first
    ("stsc", 4, ">I", (0, MANY)),
    ("stsc", 12, ">I", (0, MANY, BIG)),
    ("stco", 4, ">I", (0, MANY)),
    ("stco", 8, ">I", (0, BIG)),  # where the first lies
    ("elst", 8, ">I", (0, BIG)),
    ("elst", 12, ">i", (-MANY, MANY)),
    ("stsd", 40, ">H", (0, 1, 65535)),  # width, height as stored
    ("stsd", 42, ">H", (0, 1, 65535)),
    ("moov", -8, ">I", (0, 7, BIG)),  # its own size
    ("trak", -8, ">I", (0, 7, BIG)),
    ("mdat", -8, ">I", (0, 7, BIG)),
)


def lying_mp4(good: bytes) -> Iterator[tuple[str, bytes]]:
    """One false field each."""
    for box, after, code, values in MP4_FIELDS:
        at = good.find(box.encode())
        for value in values if at >= 0 else ():
            data = bytearray(good)
            struct.pack_into(code, data, at + 4 + after, value)
            yield f"{box}-{after}-{value}.mp4", bytes(data)


def lying_pictures(good: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Pictures whose headers claim a huge or an empty size."""
    for size in ((0, 0), (1, 0), (BIG, BIG), (MANY, MANY), (100_000, 100_000), (20_000, 15_000)):
        yield f"png-{size[0]}.png", png_of_size(good["good.png"], *size)
    for size in (0, 65535):
        data = bytearray(good["good.jpg"])
        at = data.index(b"\xff\xc0")
        struct.pack_into(">HH", data, at + 5, size, size)
        yield f"jpg-{size}.jpg", bytes(data)
        data = bytearray(good["still.gif"])
        struct.pack_into("<HH", data, 6, size, size)
        yield f"gif-{size}.gif", bytes(data)
    for size in (0, -1, -MANY, MANY):
        data = bytearray(good["good.bmp"])
        struct.pack_into("<ii", data, 18, size, size)
        yield f"bmp{size}.bmp", bytes(data)
    yield "bomb.png", png_bomb(30_000, 30_000)
    yield "text.png", with_text_bomb(good["good.png"])


def png_of_size(good: bytes, width: int, height: int) -> bytes:
    """A PNG with another size in its header and a correct checksum."""
    header = struct.pack(">II", width, height) + good[24:29]
    return good[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + good[33:]


def png_bomb(width: int, height: int) -> bytes:
    """A gigapixel that begins in a few kilobytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    body = b"".join(packer.compress(row) for _ in range(200)) + packer.flush()
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def with_text_bomb(good: bytes) -> bytes:
    """A comment that unpacks to 40 MB."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 << 20)) for _ in range(40)) + packer.flush()
    return good[:33] + chunk(b"zTXt", b"comment\0\0" + body) + good[33:]


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    checksum = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def lying_templates(good: bytes) -> Iterator[tuple[str, bytes]]:
    """Templates that are compressed, pickled, or declare more data than they hold."""
    arrays = dict(np.load(io.BytesIO(good)))
    for name, change in {
        "empty": {"landmarks": np.zeros((0, 74, 2), np.float32)},
        "nan": {"landmarks": np.full_like(arrays["landmarks"], np.nan)},
        "far": {"landmarks": arrays["landmarks"] + np.float32(1e30)},
        "double": {"landmarks": arrays["landmarks"].astype(np.float64)},
        "back": {"times_s": arrays["times_s"][::-1]},
        "zero-base": {"times_s": arrays["times_s"] * np.array([1, 0])},
        "late": {"times_s": arrays["times_s"] * np.array([1 << 55, 1])},
        "rate": {"rate": np.array([1 << 62, 1])},
        "slow": {"rate": np.array([1, 1 << 62])},
        "size": {"size": np.array([1 << 40, 1 << 40])},
        "version": {"version": np.array(99)},
    }.items():
        yield f"template-{name}.npz", packed({**arrays, **change})
    yield "template-deflated.npz", packed(arrays, zipfile.ZIP_DEFLATED)
    yield (
        "template-bomb.npz",
        packed(
            {**arrays, "landmarks": np.zeros((200_000, 74, 2), np.float32)}, zipfile.ZIP_DEFLATED
        ),
    )
    yield "template-claims.npz", claiming(arrays)


def packed(arrays: dict[str, np.ndarray], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of arrays."""
    return zipped({f"{name}.npy": array_bytes(array) for name, array in arrays.items()}, method)


def array_bytes(array: np.ndarray) -> bytes:
    """An array as .npy."""
    whole = io.BytesIO()
    npy.write_array(whole, np.asarray(array), version=(1, 0), allow_pickle=False)
    return whole.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of anything."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def claiming(arrays: dict[str, np.ndarray]) -> bytes:
    """A template whose landmarks' header asks for half a terabyte."""
    members = {f"{name}.npy": array_bytes(array) for name, array in arrays.items()}
    honest, false = b"(5, 74, 2), }" + b" " * 8, b"(999999999, 74, 2), }"
    assert honest in members["landmarks.npy"]
    members["landmarks.npy"] = members["landmarks.npy"].replace(honest, false)
    return zipped(members)
