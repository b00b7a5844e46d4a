"""`animate bench`: how long each stage of the main job takes here."""

from __future__ import annotations

from animate_cli.cli.flags import SECTIONS, takes_options
from animate_cli.options import Options


@takes_options(*SECTIONS)
def bench(*, options: Options) -> None:
    """Time the stages of the main job."""
