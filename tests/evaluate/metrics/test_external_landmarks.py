"""External landmark detectors: point maps, decoding, missing files."""

import numpy as np
import pytest
from places import EXAMPLES, SHARED

from animate_cli.errors import WeightsError
from animate_cli.evaluate.metrics.networks.external_landmarks import (
    OPENSEEFACE,
    ExternalLandmarks,
    decode_offsets,
    openseeface,
    pfld,
)

TEACHERS = SHARED / "data" / "teachers"


def test_the_map_uses_every_point_once():
    assert len(set(OPENSEEFACE.values())) == len(OPENSEEFACE)
    assert all(0 <= point < 66 for point in OPENSEEFACE.values())
    assert sorted(OPENSEEFACE) == [k for k in range(68) if k not in (60, 64)]


def test_offsets_move_the_highest_cell():
    maps = np.full((198, 28, 28), 0.5, np.float32)
    maps[:66] = 0
    maps[7, 10, 20] = 1
    p_down, p_right = 1 / (1 + np.exp(-0.25)), 1 / (1 + np.exp(0.5))
    maps[66 + 7, 10, 20], maps[132 + 7, 10, 20] = p_down, p_right
    points = decode_offsets(maps)
    assert points.shape == (66, 2)
    step = 223 / 27
    expected = [20 * step - 0.5 * 223 / 16, 10 * step + 0.25 * 223 / 16]
    assert points[7] == pytest.approx(expected, abs=1e-3)
    assert points[0] == pytest.approx([0, 0], abs=1e-3)


def test_points_come_back_in_frame_pixels():
    """A network that always answers the centre of its square is at the centre of the box."""
    landmarks = np.random.default_rng(0).uniform(40, 90, (74, 2)).astype(np.float32)
    landmarks[0], landmarks[1] = (40, 40), (90, 90)
    centre = np.full((1, 2), 55.5, np.float32)
    external_detector = ExternalLandmarks(
        name="centre", points=(30,), size=112, read=lambda _: centre
    )
    frame = np.zeros((128, 128, 3), np.uint8)
    assert external_detector(frame, landmarks)[0] == pytest.approx([65, 65], abs=1e-3)


@pytest.mark.parametrize("load", [openseeface, pfld])
def test_a_missing_file_is_named(load, tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        load(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("load", [openseeface, pfld])
def test_the_published_networks_see_the_example_portrait(load):
    pytest.importorskip("onnxruntime")
    if not TEACHERS.is_dir():
        pytest.skip("needs ../shared/data/teachers, which is not part of the repository")
    from animate_cli.faces.detection.detect import Search, find_faces, make_proposer
    from animate_cli.faces.landmarks.jitter import interocular_px
    from animate_cli.faces.landmarks.network import load_landmarker
    from animate_cli.media.images.image import read_photo
    from animate_cli.options import Detector, ReadOptions

    external_detector = load(TEACHERS)
    portrait = EXAMPLES / "portrait.png"
    pixels = read_photo(portrait, max_pixels=ReadOptions().max_pixels).pixels
    proposer = make_proposer(Detector.VIOLA_JONES)
    ours = find_faces(pixels, load_landmarker(), proposer, Search.FIRST)[0].landmarks
    inner = [
        (i, k) for i, k in enumerate(external_detector.points) if k > 16
    ]  # jaws are defined otherwise
    theirs = external_detector(pixels, ours)[[i for i, _ in inner]]
    away = np.linalg.norm(theirs - ours[[k for _, k in inner]], axis=1) / interocular_px(ours)
    assert away.mean() < 0.08
