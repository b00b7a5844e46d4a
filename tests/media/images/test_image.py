"""Pictures arrive upright, in 8-bit sRGB, alpha apart; what cannot be read says why."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from animate_cli.errors import MediaError, OptionError, OutputError
from animate_cli.media.images.image import (
    flatten,
    keeps_alpha,
    parse_colour,
    read_photo,
    write_image,
)
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.records import Photo

LIMIT = 10_000_000
UPRIGHT = picture(0, width=40, height=24)
# EXIF orientation -> the stored picture, by the standard's table of where row 0 and column 0 lie
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.transpose(1, 0, 2),
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(UPRIGHT, -1),
}


def photo(path: Path) -> Photo:
    return read_photo(path, max_pixels=LIMIT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_exif_orientation_is_settled(tmp_path: Path, orientation: int, suffix: str) -> None:
    path = tmp_path / f"o{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    stored.save(path, exif=exif, quality=95)
    found = photo(path).pixels
    assert found.shape == UPRIGHT.shape
    assert np.abs(found.astype(int) - UPRIGHT).mean() < 3


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_reduced_and_told(tmp_path: Path, suffix: str, channels: int) -> None:
    path = tmp_path / f"deep{suffix}"
    deep = np.random.default_rng(1).integers(0, 65536, (9, 13, channels)).astype(np.uint16)
    assert cv2.imwrite(str(path), deep)
    found = photo(path)
    assert np.abs(found.pixels - deep[..., ::-1] / 257).max() < 1
    assert any("16 bits" in note for note in found.notes)


def test_dark_sixteen_bit_grey_stays_dark(tmp_path: Path) -> None:
    path = tmp_path / "dark.png"
    cv2.imwrite(str(path), np.full((4, 4), 200, np.uint16))
    assert photo(path).pixels.max() <= 1


def test_cmyk_without_profile(tmp_path: Path) -> None:
    path = tmp_path / "cmyk.jpg"
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path, quality=95)
    pixels = photo(path).pixels
    assert pixels.shape == (8, 8, 3)
    assert pixels[..., 0].min() > 200
    assert pixels[..., 1:].max() < 60


def test_a_colour_profile_is_followed(tmp_path: Path) -> None:
    """A profile with swapped meaning of numbers: Lab's, whose L runs along the first channel."""
    path = tmp_path / "lab.tif"
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    colour = Image.new("RGB", (8, 8), (200, 60, 120))
    stored = ImageCms.profileToProfile(colour, srgb, lab, outputMode="LAB")
    assert stored is not None
    stored.save(path)
    assert np.abs(photo(path).pixels.astype(int) - (200, 60, 120)).max() <= 3


def test_a_damaged_profile_is_told_not_fatal(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.fromarray(UPRIGHT).save(path, icc_profile=b"nonsense" * 20)
    found = photo(path)
    assert np.array_equal(found.pixels, UPRIGHT)
    assert any("profile" in note for note in found.notes)


def test_grey_and_bilevel(tmp_path: Path) -> None:
    Image.fromarray(UPRIGHT[..., 0]).save(tmp_path / "grey.png")
    Image.new("1", (5, 3), 1).save(tmp_path / "bits.png")
    assert np.array_equal(photo(tmp_path / "grey.png").pixels[..., 1], UPRIGHT[..., 0])
    assert np.array_equal(photo(tmp_path / "bits.png").pixels, np.full((3, 5, 3), 255, np.uint8))


def test_palette_with_transparency(tmp_path: Path) -> None:
    indexed = Image.new("P", (4, 2), 0)
    indexed.putpalette([10, 20, 30, 40, 50, 60])
    indexed.putpixel((1, 0), 1)
    indexed.save(tmp_path / "p.png", transparency=1)
    found = photo(tmp_path / "p.png")
    assert found.alpha is not None
    assert found.pixels[0, 0].tolist() == [10, 20, 30]
    assert found.alpha[0].tolist() == [255, 0, 255, 255]


def test_alpha_is_kept_apart_and_none_if_opaque(tmp_path: Path) -> None:
    alpha = np.full(UPRIGHT.shape[:2], 255, np.uint8)
    Image.fromarray(np.dstack([UPRIGHT, alpha])).save(tmp_path / "opaque.png")
    alpha[3, 4] = 7
    Image.fromarray(np.dstack([UPRIGHT, alpha])).save(tmp_path / "seen.png")
    assert photo(tmp_path / "opaque.png").alpha is None
    assert np.array_equal(photo(tmp_path / "seen.png").alpha, alpha)


def test_the_first_frame_of_an_animation_is_told(tmp_path: Path) -> None:
    frames = [Image.fromarray(picture(n)) for n in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert "the first of 3 frames is used" in photo(tmp_path / "a.gif").notes


def header_only_png(path: Path, width: int, height: int) -> Path:
    """A PNG that claims a size and holds no pixels: decoding it cannot succeed."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 99) + b"IDAT")
    return path


@pytest.mark.parametrize("side", [4_000, 30_000, 1_000_000])
def test_size_is_refused_from_the_header(tmp_path: Path, side: int) -> None:
    path = header_only_png(tmp_path / "bomb.png", side, side)
    with pytest.raises(MediaError, match="too large"):
        photo(path)


def test_pillows_own_limit_is_ours_and_put_back(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    path = header_only_png(tmp_path / "large.png", 20_000, 10_000)
    with pytest.raises(MediaError, match="cannot be decoded"):
        read_photo(path, max_pixels=200_000_000)
    assert before == Image.MAX_IMAGE_PIXELS


def test_one_pixel_is_a_picture(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "1.png")
    assert photo(tmp_path / "1.png").pixels.tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".bmp"])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MediaError):
        photo(path)


def test_bad_paths_say_what_they_are(tmp_path: Path, clip: Callable[..., Path]) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    (tmp_path / "heic.jpg").write_bytes((tmp_path / "x.heic").read_bytes())
    for path, words in {
        tmp_path / "missing.jpg": "does not exist",
        tmp_path: "is a folder",
        tmp_path / "empty.jpg": "is empty",
        tmp_path / "text.jpg": "not a picture",
        clip("v.mp4"): "sources are photos",
        tmp_path / "x.heic": "HEIC|decoded",
        tmp_path / "heic.jpg": "HEIC|decoded",
    }.items():
        with pytest.raises(MediaError, match=words):
            photo(path)


def test_an_unreadable_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "closed.png"
    Image.fromarray(UPRIGHT).save(path)

    def closed(self: Path, mode: str = "r") -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(MediaError, match="cannot be read: Permission denied"):
        photo(path)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"BM"]))
def test_no_bytes_crash(tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.png"
    path.write_bytes(head + tail)
    try:
        found = photo(path)
    except MediaError:
        return
    assert found.pixels.ndim == 3


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp"])
def test_written_pictures_come_back(tmp_path: Path, marking: Marking, suffix: str) -> None:
    path = tmp_path / f"o{suffix}"
    alpha = np.tile(np.arange(40, dtype=np.uint8) * 6, (24, 1))
    write_image(path, UPRIGHT, alpha=alpha, marking=marking)
    found = photo(path)
    lossless = suffix not in (".jpg", ".jpeg", ".webp")
    seen = alpha > 0
    distance = np.abs(found.pixels.astype(int) - UPRIGHT)[seen]
    assert distance.max() == 0 if lossless else distance.mean() < 4
    assert (found.alpha is not None) == keeps_alpha(path)
    if found.alpha is not None:
        assert np.array_equal(found.alpha, alpha)
    assert read_marking(path) == (None if suffix == ".bmp" else marking)


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Image.Image, *args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OutputError, match="the disk is full"):
        write_image(tmp_path / "o.png", UPRIGHT)
    assert list(tmp_path.iterdir()) == []


def test_writing_refuses_what_it_must(tmp_path: Path) -> None:
    path = tmp_path / "o.png"
    write_image(path, UPRIGHT)
    with pytest.raises(OutputError, match="exists already"):
        write_image(path, UPRIGHT)
    with pytest.raises(OutputError, match="the input itself"):
        write_image(path, UPRIGHT, overwrite=True, inputs=(path,))
    with pytest.raises(OptionError, match=r"not written as \.xyz"):
        write_image(tmp_path / "o.xyz", UPRIGHT)


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_flattening_is_the_over_operator(colour: int, opacity: int, ground: int) -> None:
    pixels = np.full((1, 1, 3), colour, np.uint8)
    alpha = np.full((1, 1), opacity, np.uint8)
    flat = flatten(Photo(path=Path("x"), pixels=pixels, alpha=alpha), (ground,) * 3)
    expected = (colour * opacity + ground * (255 - opacity)) / 255
    assert abs(float(flat[0, 0, 0]) - expected) <= 0.5


def test_colours() -> None:
    assert parse_colour("#0aFf10") == (10, 255, 16)
    for wrong in ("red", "#fff", "0aff10", "#0aff1g", "#0aff100"):
        with pytest.raises(OptionError):
            parse_colour(wrong)
