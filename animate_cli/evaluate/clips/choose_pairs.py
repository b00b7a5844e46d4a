"""Who plays: the clips of a data set as a protocol's takes, looked at first where it needs that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from animate_cli.data.manifest import Entry
from animate_cli.errors import OptionError
from animate_cli.evaluate.clips.candidate import BASELINES
from animate_cli.evaluate.clips.clip_pairs import Take, takes
from animate_cli.evaluate.clips.driver_motion import follow_first
from animate_cli.evaluate.clips.start_frame import find_openings
from animate_cli.evaluate.protocol import Protocol, Start
from animate_cli.faces.shape3d.model import load_shape_model
from animate_cli.options import ComputeOptions, MotionOptions, Options
from animate_cli.pipeline import Animator
from animate_cli.records import Trajectory
from animate_cli.stages.trajectories import Trajectories


def cast(
    clips: list[Entry],
    protocol: Protocol,
    compute: ComputeOptions,
    *,
    kept: Path,
    on_left_out: Callable[[Path], None],
) -> list[Take]:
    """What is tried, in a fixed order.

    kept: a folder where the motion of clips is kept for the evaluation; on_left_out: told of clips
    that have no frame to start at.

    Raises:
        OptionError: there is nothing to try.
    """
    if protocol.start is Start.FIRST:
        return takes(clips, protocol)
    options = Options(motion=MotionOptions(model=BASELINES[-1]), compute=compute)
    animator = Animator(options, trajectories=Trajectories(kept))
    paths = [clip.path for clip in clips]

    def follow(path: Path) -> Trajectory:
        """Random frames lie before the cap; frontal ones wherever they are."""
        if protocol.start is Start.FRONTAL:
            return animator.track(path)
        return follow_first(animator, path, protocol.cap, compute.threads)

    openings = find_openings(paths, protocol, follow, load_shape_model())
    for path in paths:
        if path not in openings:
            on_left_out(path)
    if not openings:
        hint = "give clips with faces, or use another --protocol"
        raise OptionError(f"no clip has a {protocol.start} frame", hint=hint)
    return takes(clips, protocol, openings)
