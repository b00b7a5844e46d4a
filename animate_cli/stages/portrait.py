"""Finds the face in the photo, and prepares the canvas on which frames are drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import FaceError
from animate_cli.faces.crop import cut, face_square, open_edges, rescale, to_crop
from animate_cli.faces.detection.detect import choose, face_in_box, find_faces, make_proposer
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.faces.paste import output_scale, resize
from animate_cli.media.images.image import flatten, parse_colour
from animate_cli.options import FaceOptions, Framing, OutputOptions
from animate_cli.records import Crop, Detection, Image, OpenEdges, Photo, Points


@dataclass(frozen=True, kw_only=True, eq=False)
class OutputCanvas:
    """The picture that frames are pasted into: photo or face square, at the output's size.

    pixels (H, W, 3) uint8; alpha (H, W) uint8 or None; landmarks (74, 2) in its pixels;
    crop: the square that moves, on whole canvas pixels.
    """

    pixels: Image
    alpha: NDArray[np.uint8] | None
    landmarks: Points
    crop: Crop

    @property
    def square(self) -> Image:
        """The pixels that move: (N, N, 3)."""
        return cut(self.pixels, self.crop)

    @property
    def open_edges(self) -> OpenEdges:
        """The square's edges that lie inside the canvas."""
        height, width = self.pixels.shape[:2]
        return open_edges(self.crop, width, height)

    def face_landmarks(self, face_size: int) -> Points:
        """The landmarks in pixels of the square seen at `face_size`: (74, 2)."""
        return to_crop(self.landmarks, rescale(self.crop, face_size))


def over_background(photo: Photo, colour: str) -> Photo:
    """The photo over a plain colour ("#rrggbb"), for outputs without transparency."""
    ground = parse_colour(colour)
    return (
        photo if photo.alpha is None else replace(photo, pixels=flatten(photo, ground), alpha=None)
    )


def find_face(
    photo: Photo,
    network: LandmarkDetector,
    options: FaceOptions,
    *,
    proposer: Proposer | None = None,
) -> Detection:
    """The face that `options` choose. proposer: detects faces; None: the one `options` name.

    Raises:
        FaceError: no face, or not the one asked for; the message names the photo.
        OptionError: `options.face` is not a valid choice.
    """
    try:
        if options.face_box is not None:
            return face_in_box(photo.pixels, network, options.face_box)
        faces = all_faces(photo, network, options, proposer=proposer)
        return choose(faces, options.face, photo.pixels.shape[1])
    except FaceError as error:
        raise FaceError(f"{photo.path}: {error.message}", hint=error.hint) from error


def all_faces(
    photo: Photo,
    network: LandmarkDetector,
    options: FaceOptions,
    *,
    proposer: Proposer | None = None,
) -> list[Detection]:
    """Every face of a photo, from left to right, as --show-faces numbers them."""
    return find_faces(photo.pixels, network, proposer or make_proposer(options.detector))


def open_canvas(photo: Photo, landmarks: Points, options: OutputOptions) -> OutputCanvas:
    """The photo or its face square, resized once to the output's size.

    landmarks (74, 2) in the photo's pixels.

    Raises:
        OptionError: a size that cannot be written.
    """
    height, width = photo.pixels.shape[:2]
    whole = OutputCanvas(
        pixels=photo.pixels,
        alpha=photo.alpha,
        landmarks=landmarks,
        crop=face_square(landmarks, width, height),
    )
    view = _square_alone(whole) if options.framing is Framing.CROP else whole
    resized = _resized(view, options.size)
    if options.framing is Framing.CROP:
        return replace(resized, crop=_whole(resized.pixels))
    height, width = resized.pixels.shape[:2]
    return replace(resized, crop=face_square(resized.landmarks, width, height))


def _square_alone(canvas: OutputCanvas) -> OutputCanvas:
    alpha = None if canvas.alpha is None else cut(as_picture(canvas.alpha), canvas.crop)[..., 0]
    return OutputCanvas(
        pixels=canvas.square,
        alpha=alpha,
        landmarks=to_crop(canvas.landmarks, canvas.crop),
        crop=_whole(canvas.square),
    )


def _resized(canvas: OutputCanvas, size: str) -> OutputCanvas:
    before = np.array(canvas.pixels.shape[1::-1])  # (W, H)
    after = output_scale(size, *(int(extent) for extent in before))
    if tuple(before) == after:
        return canvas
    landmarks = (canvas.landmarks + 0.5) * (np.array(after) / before) - 0.5
    alpha = None if canvas.alpha is None else resize(as_picture(canvas.alpha), *after)[..., 0]
    return OutputCanvas(
        pixels=resize(canvas.pixels, *after),
        alpha=alpha,
        landmarks=landmarks.astype(np.float32),
        crop=canvas.crop,
    )


def _whole(pixels: Image) -> Crop:
    return Crop(crop_to_frame=np.eye(2, 3), size=len(pixels))


def as_picture(plane: NDArray[np.uint8]) -> Image:
    """A plane (H, W) -> a grey picture (H, W, 3)."""
    return np.repeat(plane[..., None], 3, axis=2)
