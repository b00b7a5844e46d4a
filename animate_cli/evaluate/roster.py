"""Which metrics a protocol has, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from torch import Tensor

from animate_cli.evaluate.aperture import LIDS, LIPS, aperture, correlation
from animate_cli.evaluate.identity import cosine
from animate_cli.evaluate.judges import Judge, Judges
from animate_cli.evaluate.keypoint_distance import average_keypoint_distance
from animate_cli.evaluate.metric import (
    Better,
    Metric,
    Performance,
    PictureMetric,
    Pictures,
    ReadingMetric,
)
from animate_cli.evaluate.pixel_error import l1, psnr
from animate_cli.evaluate.pose_error import fitted_angles, pose_error_deg
from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.reading import Reading
from animate_cli.evaluate.region_error import Region, region_l1, region_mask
from animate_cli.evaluate.structure import ms_ssim, ssim
from animate_cli.faces.shape import ShapeModel
from animate_cli.records import Points

DETECTORS = (Judge.LANDMARKS, Judge.OPENSEEFACE, Judge.PFLD)


def metrics_of(reenactment: Reenactment, judges: Judges) -> list[Metric]:
    """Those of the protocol, absent judges' included: the table says what they need."""
    shared = [*_identity(), *_apertures()]
    if reenactment is Reenactment.SELF:
        return [*_pictures(judges), *_distances(), *shared]
    return [*shared, *_poses(judges.shape)]


def _pictures(judges: Judges) -> list[Metric]:
    whole: list[tuple[str, str, Better, str, Callable[[Tensor, Tensor], Tensor]]] = [
        ("l1", "L1", Better.LOWER, "", l1),
        ("psnr", "PSNR", Better.HIGHER, "dB", psnr),
        ("ssim", "SSIM", Better.HIGHER, "", ssim),
        ("ms_ssim", "MS-SSIM", Better.HIGHER, "", ms_ssim),
    ]
    return [
        *(
            PictureMetric(
                name=name, label=label, better=better, unit=unit, of=partial(_whole, compare)
            )
            for name, label, better, unit, compare in whole
        ),
        PictureMetric(
            name="lpips",
            label="LPIPS (SqueezeNet)",
            better=Better.LOWER,
            judge=Judge.SQUEEZENET,
            of=partial(_whole, judges.lpips) if judges.lpips else _nobody,
        ),
        *(
            PictureMetric(
                name=f"{region}_l1",
                label=f"L1, {region}",
                better=Better.LOWER,
                of=partial(_region, region),
            )
            for region in Region
        ),
    ]


def _distances() -> list[Metric]:
    return [
        ReadingMetric(
            name=_named("akd", judge),
            label=f"AKD ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="px of 256",
            of=partial(_distance, judge),
        )
        for judge in DETECTORS
    ]


def _identity() -> list[Metric]:
    return [
        ReadingMetric(
            name="identity",
            label="identity (cosine)",
            better=Better.HIGHER,
            judge=Judge.FACE_REID,
            of=_likeness,
        )
    ]


def _apertures() -> list[Metric]:
    return [
        ReadingMetric(
            name=_named(f"{part}_corr", judge),
            label=f"{part} follow (r, {judge})",
            better=Better.HIGHER,
            judge=judge,
            of=partial(_opening, judge, pairs),
        )
        for part, pairs in (("lids", LIDS), ("lips", LIPS))
        for judge in DETECTORS
    ]


def _poses(shape: ShapeModel) -> list[Metric]:
    def fitted(p: Performance) -> float:
        outputs = fitted_angles(shape, _points(Judge.LANDMARKS, (p.source, *p.output)))
        drivers = fitted_angles(shape, _points(Judge.LANDMARKS, (p.anchor, *p.driver)))
        return pose_error_deg(outputs[1:], outputs[0], drivers[1:], drivers[0])

    def told(p: Performance) -> float:
        outputs = np.stack([r.pose_deg for r in p.output])
        drivers = np.stack([r.pose_deg for r in p.driver])
        return pose_error_deg(outputs, p.source.pose_deg, drivers, p.anchor.pose_deg)

    both = ((Judge.SHAPE, fitted), (Judge.HEAD_POSE, told))
    return [
        ReadingMetric(
            name=f"pose_error_{judge}",
            label=f"pose error ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="deg",
            of=of,
        )
        for judge, of in both
    ]


def _named(metric: str, judge: Judge) -> str:
    """Our own detector's figure has the plain name."""
    return metric if judge is Judge.LANDMARKS else f"{metric}_{judge}"


def _whole(compare: Callable[[Tensor, Tensor], Tensor], p: Pictures) -> Tensor:
    return compare(p.outputs, p.target)


def _nobody(p: Pictures) -> Tensor:
    return p.outputs.new_full((len(p.outputs),), float("nan"))


def _region(region: Region, p: Pictures) -> Tensor:
    mask = region_mask(p.landmarks, region, *p.target.shape[-2:])
    return region_l1(p.outputs, p.target, mask)


def _points(judge: Judge, readings: tuple[Reading, ...]) -> Points:
    """A detector's points of several pictures: (T, 74, 2)."""
    return np.stack([reading.by(judge) for reading in readings])


def _distance(judge: Judge, p: Performance) -> float:
    output, driver = _points(judge, p.output), _points(judge, p.driver)
    return average_keypoint_distance(output, driver, p.longer_side)


def _opening(judge: Judge, pairs: tuple[tuple[int, int], ...], p: Performance) -> float:
    output, driver = (aperture(_points(judge, rs), pairs) for rs in (p.output, p.driver))
    return correlation(output, driver)


def _likeness(p: Performance) -> float:
    return cosine(np.stack([r.embedding for r in p.output]), p.source.embedding)
