from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from painted import Painted

from animate_cli.errors import WeightsError
from animate_cli.faces.crop import points_box
from animate_cli.faces.detection.dlib_hog import DlibHog
from animate_cli.faces.detection.yunet import YuNet, proposal_from_five
from animate_cli.faces.landmarks.inference import eyes_and_mouth


@pytest.mark.parametrize("roll", [-70.0, 0.0, 35.0])
@pytest.mark.parametrize("radius", [20.0, 90.0])
def test_five_points_give_centre_size_and_roll_of_a_face(roll: float, radius: float) -> None:
    face = Painted(x=200, y=150, radius=radius, roll_deg=roll)
    right, left, _ = eyes_and_mouth(face.landmarks)
    five = np.stack((right, left, face.landmarks[30], face.landmarks[48], face.landmarks[54]))
    proposal = proposal_from_five(five)
    x0, y0, x1, y1 = points_box(Painted(x=200, y=150, radius=radius).landmarks)
    assert proposal.roll_deg == pytest.approx(roll, abs=1)
    assert proposal.side == pytest.approx(max(x1 - x0, y1 - y0), rel=0.25)
    middle = face.landmarks[:27].mean(axis=0)
    assert np.hypot(*np.subtract(proposal.center, middle)) < 0.3 * proposal.side


def test_a_file_that_is_no_yunet_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(WeightsError, match="not a YuNet"):
        YuNet(path)


def test_dlib_boxes_are_converted_to_frame_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """dlib reads a picture of a quarter of the size; its boxes are scaled by four."""

    class Box(SimpleNamespace):
        def left(self) -> int:
            return 100

        def right(self) -> int:
            return 199

        def top(self) -> int:
            return 50

        def bottom(self) -> int:
            return 149

        def width(self) -> int:
            return 100

        def height(self) -> int:
            return 100

    shapes = []

    def run(grey: np.ndarray, *_: float) -> tuple[list[Box], list[float], list[int]]:
        shapes.append(grey.shape)
        return [Box()], [1.0], [0]

    fake = ModuleType("dlib")
    fake.get_frontal_face_detector = lambda: SimpleNamespace(run=run)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "dlib", fake)
    (proposal,) = next(DlibHog().usual_rounds(np.zeros((800, 1600, 3), np.uint8)))
    assert shapes == [(200, 400)]
    assert proposal.side == pytest.approx(0.94 * 400)
    assert proposal.center[0] == pytest.approx(4 * (149.5 + 0.5) - 0.5)
    assert proposal.center[1] > 4 * 100
