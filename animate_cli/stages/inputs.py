"""Turns paths and arrays from the caller into the records that the stages take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from animate_cli.digest import sha256_of, sha256_of_pixels
from animate_cli.errors import MediaError
from animate_cli.media.images.image import read_photo
from animate_cli.media.input_file import open_input
from animate_cli.options import ReadOptions
from animate_cli.records import (
    InputFile,
    InputFrames,
    Kind,
    Photo,
    Points,
    PreparedSource,
    TrackedDriver,
    Trajectory,
)

Picture: TypeAlias = NDArray[np.uint8]
Source: TypeAlias = str | Path | Picture | Photo | PreparedSource
"""A photo's path; its pixels (H, W, 3), or (H, W, 4) with alpha; or a record made before."""
Driver: TypeAlias = str | Path | Picture | InputFrames | InputFile | Trajectory | TrackedDriver
"""A path; a picture (H, W, 3); frames (T, H, W, 3) at 25 a second; or a record made before."""

IN_MEMORY = Path("picture")


def as_photo(source: Source, options: ReadOptions) -> Photo:
    """The photo, with its digest; one in memory is called "picture".

    Raises:
        MediaError: the file is no picture, or the array has another shape or type.
    """
    if isinstance(source, Photo):
        return source
    if isinstance(source, PreparedSource):
        return source.photo
    if isinstance(source, np.ndarray):
        _check_array(source, dimensions=3, channels=(3, 4), meant="a picture (H, W, 3)")
        alpha = source[..., 3] if source.shape[2] == 4 else None
        pixels = np.ascontiguousarray(source[..., :3])
        return Photo(path=IN_MEMORY, pixels=pixels, alpha=alpha, sha256=sha256_of_pixels(source))
    path = Path(source)
    photo = read_photo(path, max_pixels=options.max_pixels)
    return replace(photo, sha256=sha256_of(path))


def known_face(source: Source) -> Points | None:
    """The landmarks (74, 2) of a source that was prepared before; None for any other."""
    return source.landmarks if isinstance(source, PreparedSource) else None


def as_driver(driver: Driver) -> InputFile | InputFrames | TrackedDriver:
    """The driver as a record, with kind and digest; a trajectory counts as a template.

    Raises:
        MediaError: the file cannot be used as a driver, or the array has another shape or type.
    """
    if isinstance(driver, InputFile | TrackedDriver):
        return driver
    if isinstance(driver, Trajectory):
        path, sha256 = Path(driver.driver), driver.sha256
        given = InputFile(path=path, kind=Kind.TEMPLATE, sha256=sha256)
        return TrackedDriver(given=given, trajectory=driver)
    if isinstance(driver, np.ndarray):
        driver = InputFrames(pixels=driver if driver.ndim == 4 else driver[None])
    if isinstance(driver, InputFrames):
        _check_array(driver.pixels, dimensions=4, channels=(3,), meant="frames (T, H, W, 3)")
        return driver
    return open_input(Path(driver))


def _check_array(array: Picture, *, dimensions: int, channels: tuple[int, ...], meant: str) -> None:
    is_meant = array.ndim == dimensions and array.shape[-1] in channels and array.size > 0
    if not is_meant or array.dtype != np.uint8:
        raise MediaError(
            f"an array of shape {array.shape} and type {array.dtype} is not {meant} of uint8",
            hint="give RGB pixels from 0 to 255, the channels last",
        )
