"""Converts each of Pillow's pixel modes to 8-bit sRGB and alpha."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageCms

from animate_cli.records import Image

_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
_COLOUR = ("RGB", "RGBA", "CMYK", "LAB", "L")
_OPAQUE = 255
_REDUCED = "16 bits per colour reduced to 8"

Decoded = tuple[Image, NDArray[np.uint8] | None, tuple[str, ...]]


def to_rgb(image: Pillow.Image) -> Decoded:
    """Pixels (H, W, 3) uint8, alpha (H, W) uint8 or None if opaque, and notes on conversions."""
    notes: list[str] = []
    if image.mode in _DEEP:
        image, note = _shallow(image)
        notes.append(note)
    image, alpha = _split_alpha(image)
    image, managed = _to_srgb(image)
    notes += managed
    return np.asarray(image), alpha, tuple(notes)


def reduced_by_pillow(image: Pillow.Image) -> tuple[str, ...]:
    """The note for 16-bit colour, which Pillow reduces while decoding; call before decoding."""
    is_deep = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    return (_REDUCED,) if is_deep and image.mode not in _DEEP else ()


def _shallow(image: Pillow.Image) -> tuple[Pillow.Image, str]:
    """Reduce deep grey to 8 bits, divided by 65535, 1 or its largest value; also return a note."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    peak = float(values.max(initial=0.0))
    if image.mode.startswith("I"):
        full = 65535.0 if image.mode != "I" or 255 < peak <= 65535 else max(peak, 255.0)
    else:
        full = 1.0 if peak <= 1 else max(peak, 255.0)
    grey = np.clip(values * 255 / full + 0.5, 0, 255).astype(np.uint8)
    note = "floating point reduced to 8 bits per colour" if image.mode == "F" else _REDUCED
    return Pillow.fromarray(grey), note


def _split_alpha(image: Pillow.Image) -> tuple[Pillow.Image, NDArray[np.uint8] | None]:
    if image.mode in ("La", "RGBa"):
        image = image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode != "RGBA":
        return image, None
    alpha = np.asarray(image.getchannel("A"))
    return _opaque(image), None if int(alpha.min()) == _OPAQUE else alpha


def _opaque(image: Pillow.Image) -> Pillow.Image:
    colour = image.convert("RGB")
    colour.info["icc_profile"] = image.info.get("icc_profile")
    return colour


def _to_srgb(image: Pillow.Image) -> tuple[Pillow.Image, list[str]]:
    """Convert with the embedded colour profile if it can be used, else with Pillow's formulas."""
    profile: Any = image.info.get("icc_profile")
    if profile and image.mode in _COLOUR:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            name = ImageCms.getProfileDescription(source).strip()
            if "srgb" in name.lower():
                return image.convert("RGB"), []
            target = ImageCms.createProfile("sRGB")
            managed = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            if managed is not None:
                return managed, [f"colours converted from {name or 'its profile'} to sRGB"]
        except (ImageCms.PyCMSError, OSError, ValueError):
            return _by_formula(image), ["its colour profile is damaged and was ignored"]
    return _by_formula(image), []


def _by_formula(image: Pillow.Image) -> Pillow.Image:
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        managed = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        if managed is not None:
            return managed
    return image.convert("RGB")
