"""The face square of the example portrait, detected as in a job."""

from __future__ import annotations

from places import EXAMPLES

from animate_cli.faces.detection.detect import find_faces, make_proposer
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.media.images.image import read_photo
from animate_cli.options import FaceOptions, OutputOptions, ReadOptions
from animate_cli.stages.portrait import OutputCanvas, open_canvas

PORTRAIT = EXAMPLES / "portrait.png"


def portrait_canvas() -> OutputCanvas:
    photo = read_photo(PORTRAIT, max_pixels=ReadOptions().max_pixels)
    found = find_faces(photo.pixels, load_landmarker(), make_proposer(FaceOptions().detector))
    return open_canvas(photo, found[0].landmarks, OutputOptions())
