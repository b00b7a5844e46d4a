"""Bar: faces of `val` pictures found, and nothing else taken for one."""

import csv
from collections import Counter

import cv2
import numpy as np
import pytest

from animate_cli.data.pictures import label_of
from animate_cli.faces.crop import points_box
from animate_cli.faces.detection.detect import Search, find_faces, make_proposer
from animate_cli.faces.detection.viola_jones import overlap
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.media.images.image import read_photo
from animate_cli.options import Detector, ReadOptions

FOUND = 0.15  # of the distance between the outer eye corners
REAL = Counter(
    {
        "MisterFoziljon__OpenVino-Face-Recognition__face-ceb9.jpg": 1,
        "Ahmet_Demir_0001.jpg": 3,
        "Azmi_Bishara_0001.jpg": 1,
        "Boris_Berezovsky_0001.jpg": 1,
        "Damon_Stoudamire_0001.jpg": 2,
        "David_Ho_0001.jpg": 1,
        "Dunn_Lampton_0001.jpg": 1,
        "Eric_Dubin_0001.jpg": 1,
        "Hugo_Conte_0001.jpg": 1,
        "Ismail_Cem_0001.jpg": 1,
        "James_Butts_0001.jpg": 1,
        "Karen_Clarkson_0001.jpg": 1,
        "Wendy_Kennedy_0001.jpg": 1,
    }
)
"""Pictures that show more people than are labelled, looked at one by one; what else is found
beside the labelled face is false."""
DRAWN = ("__art_", "__art-", "Cartoon", "Dunhuang", "cgi-model", "face_image", "input_img")


def pictures(data, *splits):
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] == "image" and line["split"] in splits:
                yield line["file"].split("/")[0], data / line["file"]


def look(paths, change=lambda pixels: pixels):
    """What is found: labelled faces missed, faces that are neither labelled nor known, count."""
    network, proposer = load_landmarker(), make_proposer(Detector.VIOLA_JONES)
    total, missed, extra = 0, [], Counter()
    for path in paths:
        points = label_of(path)
        photo = read_photo(path, max_pixels=ReadOptions().max_pixels)
        faces = find_faces(change(photo.pixels), network, proposer, Search.ALL)
        right, left = OUTER_EYE_CORNERS
        between = np.linalg.norm(points[right] - points[left])
        errors = [np.linalg.norm(f.landmarks - points, axis=1).mean() / between for f in faces]
        total += 1
        if min(errors, default=1) > FOUND:
            missed.append(f"{path.name} {min(errors, default=1):.2f}")
        box = points_box(points)
        beside = [f for f in faces if overlap(f.box, box) < 0.2]
        if beside:
            extra[path.name] += len(beside)
            boxes = (tuple(round(v) for v in f.box) for f in beside)
            print(path.name, *(f"{f.score:.2f} at {b}" for f, b in zip(beside, boxes, strict=True)))
    false = extra - REAL
    print(f"{total} pictures, found {100 - 100 * len(missed) / total:.1f} %, missed:", missed)
    print(f"false faces: {false.total()} ({100 * len(false) / total:.1f} % of pictures):", false)
    return missed, false, total


@pytest.mark.slow
def test_at_least_98_per_cent_found_and_at_most_1_per_cent_false(data):
    missed, false, total = look(path for _, path in pictures(data, "val"))
    assert len(missed) <= 0.02 * total
    assert len(false) <= 0.01 * total


@pytest.mark.slow
def test_black_and_white_portraits_are_found_as_well(data):
    """19 of 20: a bar of our own. Of 49 two are missed, one of them in colour, too."""

    def grey(pixels):
        return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)

    portraits = (path for folder, path in pictures(data, "val") if folder != "lfw")
    missed, false, total = look(portraits, grey)
    assert len(missed) <= 0.05 * total
    assert len(false) <= 0.01 * total


@pytest.mark.slow
def test_drawn_and_painted_faces_are_found(data):
    """Most of them were trained on: there are too few to do otherwise."""
    drawn = [p for _, p in pictures(data, "train", "val") if any(w in p.name for w in DRAWN)]
    assert len(drawn) > 10
    missed, _, _ = look(drawn)
    assert not missed
