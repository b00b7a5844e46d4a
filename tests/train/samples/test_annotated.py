"""WFLW and .pts folders, written as their makers lay them out."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from pts_files import spread, write_pts

from animate_cli.data import label_files
from animate_cli.errors import DataError, TrainError
from animate_cli.faces.points import WFLW
from animate_cli.train.samples.annotated import WFLW_IMAGES, WFLW_LIST, read_pts, read_wflw


def wflw_line(points: np.ndarray, picture: str) -> str:
    numbers = " ".join(f"{value:.6f}" for value in points.ravel())
    return f"{numbers} 10 20 90 95 0 1 0 0 1 0 {picture}\n"


def dots(points: np.ndarray, size: int) -> np.ndarray:
    """A dark picture with a light dot at every point."""
    picture = np.zeros((size, size, 3), np.uint8)
    for x, y in points:
        cv2.circle(picture, (round(x), round(y)), 4, (255, 255, 255), -1)
    return picture


def test_wflw_points_lie_on_the_pixels_they_were_given_for(tmp_path):
    points = spread(98, 300, 700)
    (tmp_path / WFLW_IMAGES / "0--Parade").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / WFLW_IMAGES / "0--Parade" / "a.jpg"), dots(points, 1000))
    path = tmp_path / WFLW_LIST
    path.parent.mkdir(parents=True)
    path.write_text(wflw_line(points, "0--Parade/a.jpg"))
    (sample,) = read_wflw(tmp_path, "", 1)
    assert sample.kind == "wflw"
    pixels = sample.pixels()
    assert max(pixels.shape) == 256  # the surroundings of the face are kept, not the crowd
    middle = sample.points[list(WFLW).index(54)]
    assert all(pixels[round(y), round(x)].mean() > 90 for x, y in sample.points)
    np.testing.assert_allclose(middle - sample.points[30], 0, atol=1e-4)


def test_a_list_of_another_kind_is_refused_with_its_line(tmp_path):
    (tmp_path / "l.txt").write_text("1 2 3 a.jpg\n")
    with pytest.raises(TrainError, match="line 1: 4 columns"):
        list(read_wflw(tmp_path, "l.txt", 1))
    (tmp_path / "l.txt").write_text(wflw_line(spread(98, 0, 9), "a.jpg").replace("0.0", "x", 1))
    with pytest.raises(TrainError, match="line 1"):
        list(read_wflw(tmp_path, "l.txt", 1))
    with pytest.raises(TrainError, match="cannot read"):
        list(read_wflw(tmp_path, "", 1))


def test_pts_count_from_one_and_lie_beside_their_pictures(tmp_path):
    points = spread(68, 50, 200)
    cv2.imwrite(str(tmp_path / "indoor_001.png"), dots(points, 256))
    write_pts(tmp_path / "indoor_001.pts", points + 1)
    (sample,) = read_pts(tmp_path, 1)
    assert sample.kind == "pts"
    np.testing.assert_allclose(sample.points[:68], points, atol=1e-3)
    assert np.isnan(sample.points[68:]).all()
    assert all(sample.pixels()[round(y), round(x)].mean() > 180 for x, y in points)


def test_a_video_gives_the_frames_that_have_points(tmp_path):
    points = spread(68, 20, 90)
    for number in (1, 2, 4):
        write_pts(tmp_path / "007" / "annot" / f"{number:06d}.pts", points + number)
    with av.open(str(tmp_path / "007" / "vid.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(25))
        stream.width = stream.height = 112
        for level in (40, 80, 120, 160):
            frame = av.VideoFrame.from_ndarray(np.full((112, 112, 3), level, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples = list(read_pts(tmp_path, 1))
    assert [round(s.points[0, 0] - points[0, 0]) for s in samples] == [0, 1, 3]
    levels = [s.pixels().mean() for s in samples]
    np.testing.assert_allclose(levels, (40, 80, 160), atol=4)
    assert {sample.identity for sample in samples} == {"pts/007"}


def test_damaged_points_and_missing_pictures_are_told(tmp_path):
    with pytest.raises(TrainError, match=r"no \.pts files"):
        list(read_pts(tmp_path, 1))
    write_pts(tmp_path / "a.pts", spread(68, 0, 9))
    with pytest.raises(TrainError, match="no picture"):
        list(read_pts(tmp_path, 1))
    write_pts(tmp_path / "a.pts", spread(5, 0, 9))
    with pytest.raises(DataError, match="5 points"):
        label_files.read_pts(tmp_path / "a.pts")
    (tmp_path / "a.pts").write_text("{ 1 2 x }")
    with pytest.raises(DataError, match="could not convert"):
        label_files.read_pts(tmp_path / "a.pts")
