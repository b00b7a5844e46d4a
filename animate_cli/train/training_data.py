"""A recipe's training and dev pictures; dev people are not trained on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from animate_cli.errors import TrainError
from animate_cli.train.recipe import DataLayout, DataRecipe, SourceRecipe
from animate_cli.train.samples.annotated import read_pts, read_wflw
from animate_cli.train.samples.samples import Sample, is_dev, read_rows, read_samples
from animate_cli.train.synthetic.dataset import read_rendered


class TrainingData(NamedTuple):
    """Samples of disjoint people."""

    train: list[Sample]
    dev: list[Sample]


def read_training(recipe: DataRecipe) -> TrainingData:
    """All of a recipe's samples.

    With a root, dev people are the root's alone, so that figures of trainings with different
    further data are comparable; without one, dev has a tenth of each source's people.

    Raises:
        TrainError: a source is missing or damaged, or holds no training or no dev people.
    """
    own = list(read_samples(read_rows(recipe, "train"), recipe.clip_stride)) if recipe.root else []
    extra = [sample for source in recipe.extra for sample in _read(source)]
    train = [sample for sample in (*own, *extra) if not is_dev(sample.identity)]
    dev = [sample for sample in (own if recipe.root else extra) if is_dev(sample.identity)]
    if not train or not dev:
        raise TrainError("too few people to keep one in ten apart", hint="add data")
    return TrainingData(train, dev)


def _read(source: SourceRecipe) -> Iterator[Sample]:
    root = Path(source.root)
    match source.layout:
        case DataLayout.CLIPS:
            rows = read_rows(DataRecipe(root=source.root), "train")
            return read_samples(rows, source.stride)
        case DataLayout.WFLW:
            return read_wflw(root, source.list, source.stride)
        case DataLayout.PTS:
            return read_pts(root, source.stride)
        case DataLayout.RENDERED:
            return read_rendered(root, model=Path(source.model), count=source.count)
