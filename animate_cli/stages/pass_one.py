"""Pass 1: tracks a driver, encodes its frames if the model needs codes, and caches the result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from animate_cli.options import Options
from animate_cli.records import InputFile, InputFrames, TrackedDriver
from animate_cli.report import Step, Watch
from animate_cli.stages.codes import Model, encoder_id_of, with_codes
from animate_cli.stages.driver import track_driver
from animate_cli.stages.networks import Networks
from animate_cli.stages.trajectories import TrajectoryCache

if TYPE_CHECKING:
    import torch


def run_pass_one(
    driver: InputFile | InputFrames | TrackedDriver,
    networks: Networks,
    model: Model,
    options: Options,
    *,
    device: torch.device,
    watch: Watch,
    cache: TrajectoryCache | None,
) -> TrackedDriver:
    """Track the driver, and encode its frames if the model has a frame encoder.

    networks: loads the networks that tracking needs; cache: of tracked drivers, read and written;
    None: no cache.

    Raises:
        MediaError: the driver cannot be read.
        FaceError: no face in it, or not the one asked for.
        OptionError: a template that was not made for this model.
    """
    encoded = partial(with_codes, model=model, options=options, device=device, watch=watch)
    if isinstance(driver, TrackedDriver):
        return encoded(driver)

    def track_and_encode() -> TrackedDriver:
        network = networks.landmarker(str(device))
        proposer = networks.proposer(options.faces.detector)
        return encoded(track_driver(driver, network, options, watch=watch, proposer=proposer))

    if cache is None:
        return track_and_encode()
    on_wait = partial(watch.report, Step.TRACK, 0, None)
    return cache.get_or_track(
        driver, options, track_and_encode, on_wait=on_wait, encoder_id=encoder_id_of(model)
    )
