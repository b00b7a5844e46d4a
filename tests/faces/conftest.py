"""Fixtures with painted faces, see `painted.py`."""

from __future__ import annotations

import pytest
from painted import PaintedNetwork, PaintedProposer, film, info_of

from animate_cli.faces.tracking import track as tracking
from animate_cli.options import FaceOptions, Lost, Registration
from animate_cli.records import Image, Trajectory


@pytest.fixture
def network() -> PaintedNetwork:
    return PaintedNetwork()


@pytest.fixture
def proposer() -> PaintedProposer:
    return PaintedProposer()


@pytest.fixture
def follow(network: PaintedNetwork, proposer: PaintedProposer):
    """Track the painted faces of pictures, without smoothing."""

    def run(
        pictures: list[Image],
        *,
        lost: Lost = Lost.INTERPOLATE,
        face: str = "largest",
        registration: Registration = Registration.ON,
    ) -> Trajectory:
        frames = film(pictures)
        options = FaceOptions(lost=lost, driver_face=face, registration=registration, smooth=0.0)
        return tracking.track(
            iter(frames),
            info_of(frames),
            network,
            options,
            proposer=proposer,
            sha256="ab" * 32,
            on_frame=lambda _: None,
        )

    return run
