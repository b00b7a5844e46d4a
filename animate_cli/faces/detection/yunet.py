"""Face proposals by YuNet (Wu, Peng, Yu 2023), run by OpenCV's `FaceDetectorYN`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import WeightsError
from animate_cli.faces.detection.viola_jones import Proposal
from animate_cli.records import Image

QUICK_SIDE_PX = 320
FINE_SIDE_PX = 960
LEAST_SCORE = 0.5  # low, as the landmark network rejects false boxes
SAME_FACE_IOU = 0.3

# The box of the 74 points relative to YuNet's five points (eyes, nose, mouth corners), measured on
# labelled portraits, in units of the distance from the midpoint of the eyes to that of the mouth:
SIDE = 2.15
SHIFT = 0.66  # from the eyes down to the box's centre


class YuNet:
    """A small detector that also gives five points, hence roll and size, for any pose.

    Raises:
        WeightsError: the file is not a YuNet model.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._detector = cv2.FaceDetectorYN.create(
                str(path), "", (QUICK_SIDE_PX, QUICK_SIDE_PX), LEAST_SCORE, SAME_FACE_IOU
            )
        except cv2.error as error:
            raise WeightsError(
                f"{path} is not a YuNet model that OpenCV can read: {error.err}",
                hint="delete the file and fetch it again, or use --detector viola-jones",
            ) from error

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """One round at low resolution, then one at high resolution for small faces."""
        yield self._search(frame, QUICK_SIDE_PX)
        if max(frame.shape[:2]) > 1.2 * QUICK_SIDE_PX:
            yield self._search(frame, FINE_SIDE_PX)

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """No round: the usual ones find faces of every roll."""
        return iter(())

    def _search(self, frame: Image, side_px: int) -> list[Proposal]:
        scale = max(max(frame.shape[:2]) / side_px, 1.0)
        size = (max(round(frame.shape[1] / scale), 1), max(round(frame.shape[0] / scale), 1))
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        self._detector.setInputSize(size)
        _, found = self._detector.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        faces = np.zeros((0, 15)) if found is None else np.asarray(found)  # None: no face
        points = (faces[:, 4:14].reshape(-1, 5, 2) + 0.5) * scale - 0.5
        return [proposal_from_five(p) for p in points]


def proposal_from_five(points: NDArray[np.floating]) -> Proposal:
    """A proposal from YuNet's points (5, 2), in frame pixels.

    points: right eye (image left), left eye, tip of the nose, right and left corner of the mouth.
    """
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    down, across = mouth - eyes, points[1] - points[0]
    length = float(np.hypot(*down))
    across = across + np.array([down[1], -down[0]])  # as in `landmarks.inference.roll_deg`
    x, y = eyes + SHIFT * down
    roll = float(np.degrees(np.arctan2(across[1], across[0])))
    return Proposal(center=(float(x), float(y)), side=SIDE * length, roll_deg=roll)
