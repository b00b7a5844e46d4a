"""Face proposals by dlib's detector on histograms of gradients (King 2015), an optional extra."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from animate_cli.errors import OptionError
from animate_cli.faces.detection.viola_jones import Proposal, shrink
from animate_cli.records import Image

QUICK_SIDE_PX = 400  # long side of the picture; the detector's window is 80 pixels
FINE_SIDE_PX = 1000
SHIFT = 0.075  # from the box's centre down to the points' centre, in box sides
SIDE = 0.94  # the points' box, in box sides
LEAST_SCORE = -0.3


class DlibHog:
    """dlib's detector of frontal faces.

    Raises:
        OptionError: dlib is not installed.
    """

    def __init__(self) -> None:
        try:
            dlib: Any = importlib.import_module("dlib")
        except ImportError as error:
            raise OptionError(
                "--detector dlib needs the package dlib-bin, which is not installed",
                hint='install it with: pip install "animate-cli[dlib]"',
            ) from error
        self._detector: Any = dlib.get_frontal_face_detector()

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """One round at low resolution, then one at high resolution for small faces."""
        yield self._search(frame, QUICK_SIDE_PX)
        if max(frame.shape[:2]) > 1.2 * QUICK_SIDE_PX:
            yield self._search(frame, FINE_SIDE_PX)

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """No round."""
        return iter(())

    def _search(self, frame: Image, side_px: int) -> list[Proposal]:
        grey, scale = shrink(frame, side_px)
        boxes, _, _ = self._detector.run(grey, 0, LEAST_SCORE)
        found = []
        for box in boxes:
            x, y = (box.left() + box.right()) / 2, (box.top() + box.bottom()) / 2
            y += SHIFT * box.height()
            center = ((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5)
            found.append(Proposal(center=center, side=SIDE * box.width() * scale))
        return found
