"""Converts between Y'CbCr video frames and 8-bit RGB.

matrix   as the frame states; if unstated, BT.709 for HD sizes, else BT.601, as players assume
range    as the frame states; if unstated, limited, except for yuvj formats
chroma   4:2:0 is the mean of 2 x 2 pixels. Of swscale's filters only AREA gives exactly that:
         BILINEAR blurs chroma over four lines (22 levels off on 4-pixel blocks), BICUBIC over
         more; all take the same time (3840 x 2160: 19 ms on one thread, 10 ms on two).
"""

from __future__ import annotations

from typing import cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from animate_cli.records import Image

_RGB, _BT709, _UNSTATED, _BT2020_NCL, _BT2020_CL = 0, 1, 2, 9, 10
_FCC, _BT470BG, _SMPTE170M, _SMPTE240M = 4, 5, 6, 7
_HD_WIDTH, _HD_HEIGHT = 1280, 577
_PQ, _HLG = 16, 18


def to_rgb(frame: VideoFrame, converter: VideoReformatter, *, width: int, height: int) -> Image:
    """Convert a decoded frame to RGB (height, width, 3) uint8; scale it if its size differs."""
    is_same_size = (frame.width, frame.height) == (width, height)
    rgb = converter.reformat(
        frame,
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=matrix_of(frame),
        src_color_range=range_of(frame),
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BILINEAR if is_same_size else Interpolation.BICUBIC,
    )
    return cast(Image, rgb.to_ndarray())


def from_rgb(pixels: Image, converter: VideoReformatter, *, pixel_format: str) -> VideoFrame:
    """Convert (H, W, 3) uint8 to a BT.709, limited-range frame; RGB formats stay as they are."""
    frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), format="rgb24")
    if pixel_format in ("rgb24", "pal8"):
        return frame
    coded = converter.reformat(
        frame,
        format=pixel_format,
        src_color_range=ColorRange.JPEG,
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA,
    )
    coded.color_primaries = coded.color_trc = _BT709  # prores_ks reads these from the frame
    return coded


def matrix_of(frame: VideoFrame) -> Colorspace:
    """The frame's Y'CbCr matrix."""
    stated = int(frame.colorspace)
    known = {
        _BT709: Colorspace.ITU709,
        _FCC: Colorspace.FCC,
        _BT470BG: Colorspace.ITU601,
        _SMPTE170M: Colorspace.ITU601,
        _SMPTE240M: Colorspace.SMPTE240M,
        _BT2020_NCL: Colorspace.BT2020,
        _BT2020_CL: Colorspace.BT2020,
    }
    is_hd = frame.width >= _HD_WIDTH or frame.height >= _HD_HEIGHT
    return known.get(stated, Colorspace.ITU709 if is_hd else Colorspace.ITU601)


def range_of(frame: VideoFrame) -> ColorRange:
    """The frame's range: JPEG (full) or MPEG (limited)."""
    if int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj"):
        return ColorRange.JPEG
    is_rgb = any(frame.format.name.startswith(p) for p in ("rgb", "bgr", "gbr", "argb", "abgr"))
    return ColorRange.JPEG if is_rgb or frame.format.name == "pal8" else ColorRange.MPEG


def is_hdr(frame: VideoFrame) -> bool:
    """Whether the transfer curve is PQ or HLG, which 8-bit sRGB cannot hold."""
    return int(frame.color_trc) in (_PQ, _HLG)
