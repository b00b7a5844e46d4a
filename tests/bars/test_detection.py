"""Bar: faces of `val` pictures found, and nothing else taken for one."""

import csv

import numpy as np
import pytest

from animate_cli.faces.crop import points_box
from animate_cli.faces.detect import Search, find_faces, make_proposer
from animate_cli.faces.landmarks import load_landmarker
from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.faces.proposals import overlap
from animate_cli.media.image import read_photo
from animate_cli.options import Detector, ReadOptions
from animate_cli.train.data import Row, label_of

FOUND = 0.15  # of the distance between the outer eye corners


def pictures(data):
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] == "image" and line["split"] == "val":
                path = data / line["file"]
                yield line["file"].split("/")[0], Row(path=path, kind="image", identity="")


@pytest.mark.slow
def test_at_least_98_per_cent_found_and_at_most_1_per_cent_false(data):
    network, proposer = load_landmarker(), make_proposer(Detector.VIOLA_JONES)
    total, missed, extra = 0, [], []
    for folder, row in pictures(data):
        points = label_of(row.path)
        photo = read_photo(row.path, max_pixels=ReadOptions().max_pixels)
        faces = find_faces(photo.pixels, network, proposer, Search.ALL)
        right, left = OUTER_EYE_CORNERS
        between = np.linalg.norm(points[right] - points[left])
        errors = [np.linalg.norm(f.landmarks - points, axis=1).mean() / between for f in faces]
        total += 1
        if min(errors, default=1) > FOUND:
            missed.append(f"{folder}/{row.path.name} {min(errors, default=1):.2f}")
        box = points_box(points)
        extra += [f"{folder}/{row.path.name} {f.box}" for f in faces if overlap(f.box, box) < 0.2]
    print(f"{total} pictures, found {100 - 100 * len(missed) / total:.1f} %")
    print("missed:", *missed, sep="\n  ")
    print("beside the labelled face (real ones among them):", *extra, sep="\n  ")
    assert len(missed) <= 0.02 * total
