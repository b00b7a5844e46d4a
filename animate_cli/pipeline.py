"""The story: one call per arrow.

    driver ─► follow, register, smooth ─► Trajectory ───────┐ (pass 1: small, kept whole)
                                                            │
    source ─► read ─► find the face ─► landmarks ─► canvas ─┤
                                                            ▼
    output ◄─ encode ◄─ paste back ◄─ upscale ◄─ render ◄─ retarget   (pass 2: streams)

In pass 2 arrows that cost time have a thread of their own and work a few frames ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from animate_cli import hub
from animate_cli.device import batches_at_once, open_device, share_cores, thread_count
from animate_cli.faces.drawing.numbered_faces import draw_faces
from animate_cli.faces.retargeting.anchor import choose_anchor
from animate_cli.faces.tracking.template import save_template
from animate_cli.media.container.kind import Kind
from animate_cli.media.images.image import keeps_alpha, read_photo, write_image
from animate_cli.media.target import check_target
from animate_cli.media.video.segments import Film
from animate_cli.media.writer import open_writer
from animate_cli.models.base import engine_of
from animate_cli.options import Options
from animate_cli.records import Frame, Image, Photo, Points, Trajectory
from animate_cli.report import Clock, OnProgress, Report, Step, Watch
from animate_cli.stages.codes import Model, encoder_id_of, with_codes
from animate_cli.stages.cost_warnings import is_heavy, warn_if_large, warn_if_slow
from animate_cli.stages.destination import Destination, decide_destination
from animate_cli.stages.driver import TrackedDriver, driver_frames, track_driver
from animate_cli.stages.networks import Networks
from animate_cli.stages.overlay import write_overlay
from animate_cli.stages.portrait import all_faces, find_face, open_canvas, over_background
from animate_cli.stages.run_summary import marking_of, notes_of, report_of
from animate_cli.stages.scene import Scene, beside, move_alpha, open_scene, paste, render, upscale
from animate_cli.stages.trajectories import TrajectoryCache
from animate_cli.streams import Stage, ahead, skipped

if TYPE_CHECKING:
    import torch

BATCHES_AHEAD, FRAMES_AHEAD = 2, 2  # a 4K frame is 25 MB


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedJob:
    """Pass 1 is done, pass 2 is ready."""

    photo: Photo
    followed: TrackedDriver
    anchor: int
    scene: Scene
    watch: Watch


class Animator:
    """Makes photos move: one set of options, any number of pairs."""

    def __init__(
        self, options: Options | None = None, *, trajectories: TrajectoryCache | None = None
    ) -> None:
        """trajectories: where drivers' motion is kept for the next time; None: nowhere."""
        self.options = options or Options()
        self._threads = thread_count(self.options.compute.threads)
        self._trajectories = trajectories
        self._networks = Networks()

    def with_options(self, options: Options) -> Animator:
        """The same networks, not opened again, for other choices."""
        other = Animator(options, trajectories=self._trajectories)
        other._networks = self._networks
        return other

    def animate(
        self,
        source: str | Path,
        driver: str | Path,
        output: str | Path | None = None,
        *,
        segments: str | Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Animate a photo: a video, or an image if the driver is one.

        output: without it, SOURCE--DRIVER.mp4 in the working directory. segments: a folder in
        which a long film's finished parts outlive a crash; the same call then goes on after them.
        on_progress: called after every frame; returning False cancels, and nothing half-written
        is left.

        Raises:
            AnimateError: with a hint; `Cancelled` if the callback asked for it.
        """
        photo = self._read(Path(source))
        target = Path(output) if output else None
        destination = decide_destination(photo.path, Path(driver), target, self.options)
        if destination.kind is not Kind.IMAGE or not keeps_alpha(destination.path):
            photo = over_background(photo, self.options.output.background)
        staged = self._stage(photo, destination.driver, Watch(on_progress))
        if destination.kind is Kind.IMAGE:
            return self._write_image(staged, destination)
        film = None
        if segments is not None:
            times_s = staged.followed.trajectory.times_s
            film = Film(folder=Path(segments), times_s=times_s)
        return self._write_video(staged, destination, film)

    def frames(self, source: str | Path, driver: str | Path) -> Iterator[Frame]:
        """Finished frames, one by one; closing the iterator stops everything."""
        staged = self.stage(source, driver)
        times_s = staged.followed.trajectory.times_s
        with closing(self._draw(staged)) as drawn:
            for index, (pixels, time_s) in enumerate(zip(drawn, times_s, strict=True)):
                yield Frame(pixels=pixels, index=index, time_s=time_s)

    def stage(
        self, source: str | Path, driver: str | Path, *, face: Points | None = None
    ) -> PreparedJob:
        """Pass 1 done and pass 2 ready, nothing drawn yet: for those who draw step by step.

        face (74, 2): the source's own points where they are known; None: they are looked for.
        """
        photo = over_background(self._read(Path(source)), self.options.output.background)
        return self._stage(photo, Path(driver), Watch(None), face)

    def track(
        self,
        driver: str | Path,
        output: str | Path | None = None,
        *,
        overlay: str | Path | None = None,
        on_progress: OnProgress | None = None,
    ) -> Trajectory:
        """Pass 1 alone. output: the template to write; overlay: a video to judge it by."""
        o, path = self.options, Path(driver)
        for target in (output, overlay):
            if target is not None:
                check_target(Path(target), overwrite=o.output.overwrite, inputs=(path,))
        device, watch = open_device(o.compute), Watch(on_progress)
        model = self._networks.model(o.motion, str(device), o.compute.engine)
        followed = self._follow(path, model, device, watch, Clock())
        if output is not None:
            save_template(followed.trajectory, Path(output), overwrite=o.output.overwrite)
        if overlay is not None:
            write_overlay(followed, Path(overlay), o, watch=watch)
        return followed.trajectory

    def write_faces(self, source: str | Path, output: str | Path | None = None) -> Path:
        """The photo with its faces numbered as --face counts them, as SOURCE--faces.png."""
        o = self.options
        photo = over_background(self._read(Path(source)), o.output.background)
        path = Path(output or f"{photo.path.stem}--faces.png")
        network = self._networks.landmarker(str(open_device(o.compute)))
        faces = all_faces(photo, network, o.faces)
        write_image(path, draw_faces(photo.pixels, faces), overwrite=o.output.overwrite)
        return path

    def _read(self, source: Path) -> Photo:
        return read_photo(source, max_pixels=self.options.read.max_pixels)

    def _follow(
        self, driver: Path, model: Model, device: torch.device, watch: Watch, clock: Clock
    ) -> TrackedDriver:
        o, threads = self.options, self._threads
        network = self._networks.landmarker(str(device))

        def fresh() -> TrackedDriver:
            found = track_driver(driver, network, o, threads=threads, watch=watch, clock=clock)
            return with_codes(
                found, model, o, device=device, threads=threads, watch=watch, clock=clock
            )

        if self._trajectories is None:
            return fresh()
        on_wait = partial(watch.tell, Step.TRACK, 0, None)
        encoder_id = encoder_id_of(model)
        return self._trajectories.recall(driver, o, fresh, on_wait=on_wait, encoder_id=encoder_id)

    def _stage(
        self, photo: Photo, driver: Path, watch: Watch, face: Points | None = None
    ) -> PreparedJob:
        o, clock = self.options, Clock()
        device = open_device(o.compute)
        if o.motion.commercial_only:
            hub.require_commercial_model(o.motion.model, o.motion.weights)
        model = self._networks.model(o.motion, str(device), o.compute.engine)
        warn_if_slow(model, device)
        if face is None:
            face = find_face(photo, self._networks.landmarker(str(device)), o.faces).landmarks
        followed = self._follow(driver, model, device, watch, clock)
        trajectory = followed.trajectory
        anchor = choose_anchor(face, trajectory.landmarks, trajectory.found, o.motion.anchor)
        canvas = open_canvas(photo, face, o.output)
        scene = open_scene(
            canvas,
            trajectory,
            anchor,
            model,
            o.motion,
            reswarp=o.output.reswarp,
            device=device,
            clock=clock,
        )
        return PreparedJob(photo=photo, followed=followed, anchor=anchor, scene=scene, watch=watch)

    def _draw(self, staged: PreparedJob, *, start: int = 0) -> Stage[Image]:
        scene, o = staged.scene, self.options
        workers = 1
        if not is_heavy(scene.model):
            share_cores(self._threads)
            workers = batches_at_once(self._threads, scene.anchor.device)
        batches = ahead(render(scene, start=start, workers=workers), depth=BATCHES_AHEAD)
        frames = paste(scene, upscale(scene, batches))
        if o.output.side_by_side:
            shown = driver_frames(staged.followed.path, o.read, threads=self._threads)
            frames = beside(scene, frames, skipped(shown, start))
        return ahead(frames, depth=FRAMES_AHEAD)

    def _write_video(
        self, staged: PreparedJob, destination: Destination, film: Film | None
    ) -> Report:
        o, trajectory, clock = self.options, staged.followed.trajectory, staged.scene.clock
        notes = notes_of(staged.photo, staged.followed, o)
        film = film if film and film.is_worth_it(destination.path) else None
        start = film.done if film else 0
        with closing(self._draw(staged, start=start)) as frames:
            first = next(frames)
            notes += warn_if_large(first, destination.path, o.output, threads=self._threads)
            staged.watch.tell(Step.RENDER, start, len(trajectory))
            with open_writer(
                destination.path,
                width=first.shape[1],
                height=first.shape[0],
                rate=trajectory.rate,
                options=o.output,
                marking=marking_of(destination, staged.followed, o),
                audio=destination.audio,
                inputs=destination.inputs,
                threads=self._threads,
                film=film,
            ) as writer:
                times_s = trajectory.times_s[start:]
                for pixels, time_s in zip(chain((first,), frames), times_s, strict=True):
                    with clock.measure("encode"):
                        writer.write(pixels, time_s)
                    staged.watch.tell(Step.RENDER, writer.frames, len(trajectory))
            notes += writer.notes
        return self._report(staged, destination, first, notes)

    def _write_image(self, staged: PreparedJob, destination: Destination) -> Report:
        o = self.options
        staged.watch.tell(Step.RENDER, 0, 1)
        with closing(self._draw(staged)) as frames:
            pixels = next(frames)
        write_image(
            destination.path,
            pixels,
            alpha=move_alpha(staged.scene),
            marking=marking_of(destination, staged.followed, o),
            overwrite=o.output.overwrite,
            inputs=destination.inputs,
        )
        staged.watch.tell(Step.RENDER, 1, 1)
        notes = notes_of(staged.photo, staged.followed, o)
        return self._report(staged, destination, pixels, notes)

    def _report(
        self, staged: PreparedJob, destination: Destination, frame: Image, notes: tuple[str, ...]
    ) -> Report:
        return report_of(
            destination,
            staged.followed,
            staged.anchor,
            (frame.shape[1], frame.shape[0]),
            notes,
            options=self.options,
            device=str(staged.scene.anchor.device),
            engine=engine_of(staged.scene.model),
            clock=staged.scene.clock,
            watch=staged.watch,
        )
