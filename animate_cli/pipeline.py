"""An animation from photo and driver to output file; every arrow is one call.

    driver ─► track, register, smooth ─► Trajectory ────────┐ (pass 1: small, all in memory)
                                                            │
    source ─► read ─► find the face ─► landmarks ─► canvas ─┤
                                                            ▼
    output ◄─ encode ◄─ paste back ◄─ upscale ◄─ render ◄─ retarget   (pass 2: streams)

In pass 2, each slow step has its own thread and works a few frames ahead of the next step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from animate_cli import hub
from animate_cli.device import open_device
from animate_cli.faces.drawing.numbered_faces import draw_faces
from animate_cli.faces.retargeting.anchor import choose_anchor
from animate_cli.faces.tracking.template import save_template
from animate_cli.media.images.image import write_image
from animate_cli.media.target import check_target
from animate_cli.media.video.segments import Film
from animate_cli.options import Options
from animate_cli.records import (
    Frame,
    Kind,
    Photo,
    Points,
    PreparedSource,
    TrackedDriver,
    Trajectory,
)
from animate_cli.report import OnProgress, Report, Watch
from animate_cli.stages.codes import Model
from animate_cli.stages.cost_warnings import warn_if_slow
from animate_cli.stages.destination import decide_destination
from animate_cli.stages.inputs import Driver, Source, as_driver, as_photo, known_face
from animate_cli.stages.networks import Networks
from animate_cli.stages.open_scene import OpenScene
from animate_cli.stages.overlay import write_overlay
from animate_cli.stages.pass_one import run_pass_one
from animate_cli.stages.portrait import all_faces, find_face, open_canvas, over_background
from animate_cli.stages.scene import open_scene
from animate_cli.stages.trajectories import TrajectoryCache
from animate_cli.stages.writing import write_picture, write_video

if TYPE_CHECKING:
    import torch


class Animator:
    """Animates photos with drivers, with one set of options for any number of pairs.

    `animate` calls `prepare_source`, `prepare_driver` and `open_scene` in a row, and writes the
    result. Their records can be reused: one driver for many photos, and the reverse.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        trajectories: TrajectoryCache | None = None,
        networks: Networks | None = None,
    ) -> None:
        """trajectories: the cache of tracked drivers; None: no cache. networks: loads the
        landmark network and the model; None: a new one, which loads each once."""
        self.options = options or Options()
        self._trajectories = trajectories
        self._networks = networks or Networks()

    def with_options(self, options: Options) -> Animator:
        """An animator with other options that shares the loaded networks and the cache."""
        return Animator(options, trajectories=self._trajectories, networks=self._networks)

    def animate(
        self,
        source: Source,
        driver: Driver,
        output: str | Path | None = None,
        *,
        segments: str | Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Animate a photo: a video, or an image if the driver is one.

        output: without it, SOURCE--DRIVER.mp4 in the working directory. segments: a folder for
        the finished segments of a long video, which survive a crash; the same call then resumes.
        on_progress: called after every frame; returning False cancels, and nothing half-written
        is left.

        Raises:
            AnimateError: with a hint; `Cancelled` if the callback asked for it.
        """
        o, watch = self.options, Watch(on_progress)
        photo, given = as_photo(source, o.read), as_driver(driver)
        destination = decide_destination(photo, given, Path(output) if output else None, o)
        if not destination.has_alpha:
            photo = over_background(photo, o.output.background)
        self._check_model()
        prepared = self.prepare_source(photo, face=known_face(source))
        tracked = self.prepare_driver(given, watch=watch)
        with self.open_scene(prepared, tracked, watch=watch) as scene:
            if destination.kind is Kind.IMAGE:
                return write_picture(scene, destination)
            times_s = tracked.trajectory.times_s
            film = Film(folder=Path(segments), times_s=times_s) if segments else None
            return write_video(scene, destination, film)

    def frames(self, source: Source, driver: Driver) -> Iterator[Frame]:
        """Yield the finished frames, in order; closing the iterator stops all threads."""
        self._check_model()
        watch = Watch(None)
        prepared = self.prepare_source(source)
        tracked = self.prepare_driver(driver, watch=watch)
        with self.open_scene(prepared, tracked, watch=watch) as scene:
            yield from scene

    def prepare_source(
        self, source: Source, *, face: Points | None = None, device: str | None = None
    ) -> PreparedSource:
        """Read a photo, and find the face in it that `options.faces` selects.

        A path or an array is laid over `options.output.background`; a `Photo` is used as it is,
        with its transparency. face (74, 2): the landmarks in photo pixels, if they are known; None:
        detect them. device: as in `options.compute`, which decides where it is None.

        Raises:
            MediaError: the photo cannot be read.
            FaceError: no face in it, or not the one asked for.
        """
        if isinstance(source, PreparedSource):
            return source
        photo = as_photo(source, self.options.read)
        if not isinstance(source, Photo):
            photo = over_background(photo, self.options.output.background)
        if face is None:
            faces = self.options.faces
            network = self._networks.landmarker(str(self._device(device)))
            proposer = self._networks.proposer(faces.detector)
            face = find_face(photo, network, faces, proposer=proposer).landmarks
        return PreparedSource(photo=photo, landmarks=face)

    def prepare_driver(
        self, driver: Driver, *, watch: Watch | None = None, device: str | None = None
    ) -> TrackedDriver:
        """Pass 1: find the landmarks of every frame, and encode the frames if the model needs it.

        A driver that is tracked already is not tracked again, only encoded if its codes are
        missing; a trajectory is used like a template. watch: reports this run's progress.
        device: as in `options.compute`, which decides where it is None.

        Raises:
            MediaError: the driver cannot be read.
            FaceError: no face in it, or not the one asked for.
            OptionError: a template that was not made for the model.
        """
        where = self._device(device)
        return run_pass_one(
            as_driver(driver),
            self._networks,
            self._model(where),
            self.options,
            device=where,
            watch=watch or Watch(None),
            cache=self._trajectories,
        )

    def open_scene(
        self,
        source: PreparedSource,
        driver: TrackedDriver,
        *,
        watch: Watch | None = None,
        device: str | None = None,
    ) -> OpenScene:
        """Prepare pass 2: compute everything that all frames share, but render nothing yet.

        Use the scene in a `with` block, and iterate it for frames. watch, device: as in
        `prepare_driver`.

        Raises:
            OptionError: the anchor or the size is not valid, or the model does not exist.
            WeightsError: the model's weights are missing or damaged, or not for commercial use.
        """
        o, trajectory = self.options, driver.trajectory
        where, watch = self._device(device), watch or Watch(None)
        anchor = choose_anchor(
            source.landmarks, trajectory.landmarks, trajectory.found, o.motion.anchor
        )
        scene = open_scene(
            open_canvas(source.photo, source.landmarks, o.output),
            trajectory,
            anchor,
            self._model(where),
            o.motion,
            reswarp=o.output.reswarp,
            device=where,
            clock=watch.clock,
        )
        return OpenScene(
            source=source, driver=driver, anchor=anchor, scene=scene, options=o, watch=watch
        )

    def track(
        self,
        driver: Driver,
        output: str | Path | None = None,
        *,
        overlay: str | Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Trajectory:
        """Pass 1 alone. output: the template to write; overlay: a video with landmarks."""
        o, given, watch = self.options, as_driver(driver), Watch(on_progress)
        for target in (output, overlay):
            if target is not None:
                check_target(Path(target), overwrite=o.output.overwrite, inputs=(given.path,))
        tracked = self.prepare_driver(given, watch=watch)
        if output is not None:
            save_template(tracked.trajectory, Path(output), overwrite=o.output.overwrite)
        if overlay is not None:
            write_overlay(tracked, Path(overlay), o, watch=watch)
        return tracked.trajectory

    def write_faces(self, source: Source, output: str | Path | None = None) -> Path:
        """Write the photo with its faces numbered, by default as SOURCE--faces.png."""
        o = self.options
        photo = over_background(as_photo(source, o.read), o.output.background)
        path = Path(output or f"{photo.path.stem}--faces.png")
        network = self._networks.landmarker(str(self._device(None)))
        proposer = self._networks.proposer(o.faces.detector)
        faces = all_faces(photo, network, o.faces, proposer=proposer)
        write_image(path, draw_faces(photo.pixels, faces), overwrite=o.output.overwrite)
        return path

    def _device(self, name: str | None) -> torch.device:
        compute = self.options.compute
        return open_device(compute if name is None else replace(compute, device=name))

    def _model(self, device: torch.device) -> Model:
        motion = self.options.motion
        if motion.commercial_only:
            hub.require_commercial_model(motion.model, motion.weights)
        return self._networks.model(motion, str(device), self.options.compute.engine)

    def _check_model(self) -> None:
        """Load the model before any work: raise if it cannot be loaded, warn if it is slow."""
        device = self._device(None)
        warn_if_slow(self._model(device), device)
