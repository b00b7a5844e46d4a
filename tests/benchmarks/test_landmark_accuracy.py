"""Bar: landmarks of people never seen in training, against the pseudo-labels of `val`.

The square is the labelled one moved by up to 5 % and sized by up to 10 % (as a detector's is),
then cut again about what was seen, as tracking does.
"""

from collections import defaultdict

import numpy as np
import pytest

from animate_cli.faces.crop import cut, landmark_square, to_frame
from animate_cli.faces.landmarks.inference import upright_square
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.points import OUTER_EYE_CORNERS, PUPILS
from animate_cli.train.recipe import DataRecipe
from animate_cli.train.samples.samples import read_rows, read_samples


def moved_box(points, rng):
    """The labelled points, shifted and sized as a detector's box might be."""
    side = np.ptp(points, axis=0).max()
    middle = points.mean(axis=0)
    return middle + (points - middle) * rng.uniform(0.9, 1.1) + rng.uniform(-0.05, 0.05, 2) * side


@pytest.mark.slow
def test_mean_error_and_pupils_are_within_five_per_cent(data):
    landmarker = load_landmarker()
    rng = np.random.default_rng(0)
    errors = defaultdict(list)
    for sample in read_samples(read_rows(DataRecipe(root=str(data)), "val"), stride=10):
        pixels = sample.pixels()
        careless = landmark_square(moved_box(sample.points, rng), landmarker.size)
        first, _ = landmarker(cut(pixels, careless)[None])
        crop = upright_square(to_frame(first[0], careless), landmarker.size)
        points, _ = landmarker(cut(pixels, crop)[None])
        found = to_frame(points[0], crop)
        right, left = OUTER_EYE_CORNERS
        between = np.linalg.norm(sample.points[right] - sample.points[left])
        errors[sample.kind].append(np.linalg.norm(found - sample.points, axis=1) / between)
    everything = np.concatenate([np.stack(e) for e in errors.values()])
    for kind, values in {**errors, "all": list(everything)}.items():
        nme = 100 * np.stack(values)
        print(
            f"{kind}: {len(nme)} pictures, mean error {nme.mean():.2f} %,"
            f" pupils {nme[:, PUPILS].mean():.2f} %, failures (> 10 %)"
            f" {100 * (nme.mean(axis=1) > 10).mean():.1f} %"
        )
    assert 100 * everything.mean() <= 5
    assert 100 * everything[:, PUPILS].mean() <= 5
