"""The classic to be compared with: dlib's shape predictor, trained on the same 74 labels.

Kazemi & Sullivan 2014, *One Millisecond Face Alignment with an Ensemble of Regression Trees*, as
the package dlib (the extra `dlib`) trains it. Used by the landmark table only, never by a run.

Convention  its rectangle is the middle of the landmark square, where the face's points lie.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import OptionError, WeightsError
from animate_cli.faces.crop import LANDMARK_MARGIN
from animate_cli.records import LANDMARKS, Image, Points
from animate_cli.train.samples.augment import AugmentConfig, jitter, mirrored
from animate_cli.train.samples.samples import Sample

SIZE = 192  # side of its squares
ENLARGED = 4  # dlib gives whole pixels: it is shown squares enlarged so far, to see it at its best
# What squares cut round a tracked face look like; more would only cost it accuracy.
JITTER = AugmentConfig(roll_deg=12, shift=0.05, zoom=0.1, stretch=0.0)


@dataclass(frozen=True, kw_only=True)
class DlibRecipe:
    """dlib's own training options, chosen on dev.

    squares: most training squares, spread evenly over the samples; oversampling: starting shapes
    per square.
    """

    squares: int = 12_000
    tree_depth: int = 4
    cascade_depth: int = 10
    trees: int = 500
    nu: float = 0.1
    oversampling: int = 3
    feature_pool: int = 400
    test_splits: int = 20
    threads: int = 1
    seed: int = 0


class DlibLandmarker:
    """The predictor ready for use, in the shape of `landmarks.Landmarker`; confidence is 1.

    Raises:
        OptionError: dlib is not installed.
        WeightsError: the file is missing or is no predictor of 74 points.
    """

    size = SIZE

    def __init__(self, path: Path) -> None:
        self._dlib = import_dlib()
        try:
            self._predictor: Any = self._dlib.shape_predictor(str(path))
        except RuntimeError as error:
            hint = "train it: train_dlib in tests/benchmarks/dlib_predictor.py"
            raise WeightsError(f"{path}: no shape predictor ({error})", hint=hint) from error
        self._rectangle = rectangle(self._dlib, SIZE * ENLARGED)

    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        """squares (B, S, S, 3) uint8 RGB -> points (B, 74, 2) in its pixels, ones (B, 74)."""
        points = np.stack([self._look(square) for square in squares])
        return points, np.ones(points.shape[:2], np.float32)

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        """One look is all there is."""
        return points

    def _look(self, square: Image) -> Points:
        side = SIZE * ENLARGED
        large = cv2.resize(grey(square), (side, side), interpolation=cv2.INTER_LINEAR)
        parts = self._predictor(large, self._rectangle).parts()
        found = np.array([(part.x, part.y) for part in parts], np.float32)
        return ((found + 0.5) / ENLARGED - 0.5).astype(np.float32)


def train_dlib(samples: Sequence[Sample], path: Path, recipe: DlibRecipe) -> None:
    """Train on squares cut from labelled pictures, half of them mirrored, and write the predictor.

    Cost: about a quarter of an hour of one core. The file is written beside and renamed.

    Raises:
        OptionError: dlib is not installed.
    """
    dlib = import_dlib()
    squares, points = draw(samples, recipe)
    options: Any = dlib.shape_predictor_training_options()
    options.tree_depth = recipe.tree_depth
    options.cascade_depth = recipe.cascade_depth
    options.num_trees_per_cascade_level = recipe.trees
    options.nu = recipe.nu
    options.oversampling_amount = recipe.oversampling
    options.feature_pool_size = recipe.feature_pool
    options.num_test_splits = recipe.test_splits
    options.num_threads = recipe.threads
    options.random_seed = str(recipe.seed)
    labels = [[_labelled(dlib, p)] for p in points]
    predictor = dlib.train_shape_predictor(squares, labels, options)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    predictor.save(str(beside))
    beside.replace(path)


def draw(samples: Sequence[Sample], recipe: DlibRecipe) -> tuple[list[NDArray[np.uint8]], Points]:
    """Grey squares (S, S), at most `recipe.squares`, and their points (N, 74, 2)."""
    rng = np.random.default_rng(recipe.seed)
    chosen = np.linspace(0, len(samples), min(recipe.squares, len(samples)), endpoint=False)
    squares, points = [], []
    for index in chosen.astype(int):
        sample = samples[index]
        seen, where = jitter(sample.pixels(), sample.points, SIZE, JITTER, rng)
        if rng.random() < 0.5:
            seen, where = mirrored(seen, where)
        squares.append(grey(seen))
        points.append(where)
    return squares, np.stack(points)


def rectangle(dlib: Any, side: int) -> Any:
    """The rectangle given to dlib: the middle of a square of `side` pixels."""
    low = round(side * (1 - 1 / LANDMARK_MARGIN) / 2)
    return dlib.rectangle(low, low, side - 1 - low, side - 1 - low)


def grey(square: Image) -> NDArray[np.uint8]:
    """(S, S, 3) RGB -> (S, S): dlib reads brightness only."""
    return cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)  # type: ignore[return-value]


def import_dlib() -> Any:
    """The package, on demand.

    Raises:
        OptionError: it is not installed.
    """
    try:
        return importlib.import_module("dlib")
    except ImportError as error:
        raise OptionError(
            "the dlib baseline needs the package dlib-bin, which is not installed",
            hint='install it with: pip install "animate-cli[dlib]"',
        ) from error


def _labelled(dlib: Any, points: Points) -> Any:
    if len(points) != LANDMARKS:
        raise ValueError(f"{len(points)} points, not {LANDMARKS}")
    parts = [dlib.point(round(float(x)), round(float(y))) for x, y in points]
    return dlib.full_object_detection(rectangle(dlib, SIZE), parts)
