"""Reads and writes still pictures: upright, 8 bits, sRGB, with alpha in its own array.

The pixel count is read from the header: a picture that is too large is refused undecoded.
"""

from __future__ import annotations

import importlib.util
import re
import warnings
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, PngImagePlugin, UnidentifiedImageError

from animate_cli.errors import MediaError, OptionError, OutputError
from animate_cli.media.container.kind import Kind, is_heif, kind_of
from animate_cli.media.container.open_container import require_file
from animate_cli.media.images.pixel_modes import reduced_by_pillow, to_rgb
from animate_cli.media.provenance import COMMENT, Marking, exif_with
from animate_cli.media.target import as_output_error, replacing
from animate_cli.records import Image, Photo

_HEAD = 16
_QUALITY = 95
_WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
_WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_PILLOW_LOCK = Lock()


def read_photo(path: Path, *, max_pixels: int) -> Photo:
    """Read a picture: pixels (H, W, 3) uint8, alpha (H, W), and notes on conversions.

    Only the first frame of an animated picture is used. HEIC needs the extra `heic`.

    Raises:
        MediaError: no picture, a damaged one, or one with more than max_pixels pixels.
    """
    require_file(path)
    with _open(path, max_pixels=max_pixels) as image:
        _refuse_large(path, image.size, max_pixels)
        try:
            frames = getattr(image, "n_frames", 1)
            reduced = reduced_by_pillow(image)
            image.load()
            pixels, alpha, notes = to_rgb(ImageOps.exif_transpose(image))
        # Pillow's decoders raise many kinds of errors on bad bytes: SyntaxError, struct.error, ...
        except Exception as error:
            raise MediaError(
                f"{path} cannot be decoded: {error}",
                hint="the picture is damaged or cut off: export or download it again",
            ) from error
    notes = (*reduced, *notes)
    if frames > 1:
        notes = (*notes, f"the first of {frames} frames is used")
    return Photo(path=path, pixels=pixels, alpha=alpha, notes=notes)


def write_image(
    path: Path,
    pixels: Image,
    *,
    alpha: np.ndarray[Any, np.dtype[np.uint8]] | None = None,
    marking: Marking | None = None,
    overwrite: bool = False,
    inputs: tuple[Path, ...] = (),
) -> None:
    """Write pixels (H, W, 3) uint8, and alpha (H, W) uint8 if the format has it; never half a file.

    Formats without alpha (see keeps_alpha) write the pixels alone: flatten them first.

    Raises:
        OptionError: pictures with this suffix cannot be written.
        OutputError: the file exists, is an input, or cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITABLE:
        raise OptionError(
            f"{path.name}: pictures are not written as {suffix or 'files without suffix'}",
            hint=f"use one of {', '.join(_WRITABLE)}",
        )
    layers = [pixels, alpha[..., None]] if alpha is not None and keeps_alpha(path) else [pixels]
    image = Pillow.fromarray(np.ascontiguousarray(np.concatenate(layers, axis=2)))
    with replacing(path, overwrite=overwrite, inputs=inputs) as part:
        try:
            with as_output_error(path):
                image.save(part, format=_WRITABLE[suffix], **_settings(suffix, marking))
        except ValueError as error:
            raise OutputError(
                f"{path} cannot be written: {error}", hint="try .png, which takes any size"
            ) from error


def keeps_alpha(path: Path) -> bool:
    """Whether the format of this name can hold transparency."""
    return path.suffix.lower() in _WITH_ALPHA


def flatten(photo: Photo, background_rgb: tuple[int, int, int]) -> Image:
    """The photo's pixels over a plain background: (H, W, 3) uint8."""
    if photo.alpha is None:
        return photo.pixels
    opacity = photo.alpha[..., None].astype(np.uint32)
    ground = np.asarray(background_rgb, dtype=np.uint32)
    mixed = photo.pixels * opacity + ground * (255 - opacity)
    return ((mixed + 127) // 255).astype(np.uint8)


def parse_colour(text: str) -> tuple[int, int, int]:
    """Read "#rrggbb".

    Raises:
        OptionError: anything else.
    """
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise OptionError(f"{text!r} is not a colour", hint='write it as "#rrggbb", like "#ffffff"')
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _open(path: Path, *, max_pixels: int) -> Pillow.Image:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if is_heif(head):
        return _open_heif(path, max_pixels=max_pixels)
    try:
        return _open_guarded(path, max_pixels=max_pixels)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise _too_large(path, str(error), max_pixels) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _not_a_photo(path) from error


def _open_guarded(path: Path, *, max_pixels: int) -> Pillow.Image:
    """Open with Pillow's guard against decompression bombs set to our limit.

    Its limit and Python's warning filters are global in a process; a lock protects them.
    """
    with _PILLOW_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Pillow.DecompressionBombWarning)
        before = Pillow.MAX_IMAGE_PIXELS
        Pillow.MAX_IMAGE_PIXELS = max_pixels
        try:
            return Pillow.open(path)
        finally:
            Pillow.MAX_IMAGE_PIXELS = before


def _open_heif(path: Path, *, max_pixels: int) -> Pillow.Image:
    if importlib.util.find_spec("pillow_heif") is None:
        raise MediaError(
            f"{path} is a HEIC picture, which needs one more package",
            hint='pip install "animate-cli[heic]", or save the picture as JPEG',
        )
    import pillow_heif

    try:
        file = pillow_heif.open_heif(path)
        _refuse_large(path, file.size, max_pixels)
        return file.to_pillow()  # type: ignore[no-any-return]
    except (ValueError, OSError, SyntaxError, RuntimeError, EOFError) as error:
        raise MediaError(
            f"{path} cannot be decoded: {error}", hint="save the picture as JPEG or PNG"
        ) from error


def _not_a_photo(path: Path) -> MediaError:
    try:
        is_video = kind_of(path) is Kind.VIDEO
    except MediaError:
        is_video = False
    if is_video:
        return MediaError(
            f"{path} is a video, and sources are photos",
            hint="give a picture as source; a video can be the driver",
        )
    return MediaError(
        f"{path} is not a picture that can be read",
        hint="its content decides, not its name: JPEG, PNG, WebP, TIFF and BMP are read",
    )


def _refuse_large(path: Path, size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise _too_large(path, f"{size[0]} x {size[1]} pixels", max_pixels)


def _too_large(path: Path, what: str, max_pixels: int) -> MediaError:
    return MediaError(
        f"{path} is too large: {what}, limit {max_pixels} pixels",
        hint="shrink it, or raise --max-pixels if you trust the file and have the memory",
    )


def _settings(suffix: str, marking: Marking | None) -> dict[str, Any]:
    """Pillow's save options per format; its interface is keywords."""
    if suffix == ".png":
        text = PngImagePlugin.PngInfo()
        if marking:
            text.add_text(COMMENT, marking.text())
        return {"pnginfo": text, "compress_level": 4}
    exif = {"exif": exif_with(marking)} if marking and suffix != ".bmp" else {}
    if suffix in (".jpg", ".jpeg"):
        return {"quality": _QUALITY, "subsampling": 0, **exif}
    if suffix == ".webp":
        return {"quality": _QUALITY, "exact": True, **exif}
    return {"compression": "tiff_lzw", **exif} if suffix in (".tif", ".tiff") else {}
