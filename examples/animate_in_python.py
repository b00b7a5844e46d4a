"""Make a portrait move: options, progress, and what the report says."""

from fractions import Fraction
from pathlib import Path

from animate_cli import Animator, Options, OutputOptions, Progress, ReadOptions

here = Path(__file__).parent


def show(progress: Progress) -> bool:
    print(f"\r{progress.step}: {progress.done}/{progress.total}", end="")
    return True  # False would cancel, and leave nothing half-written


options = Options(
    read=ReadOptions(duration_s=Fraction(2)),
    output=OutputOptions(side_by_side=True, overwrite=True),
)
portrait, driver = here / "portrait.png", here / "driver.mp4"
report = Animator(options).animate(portrait, driver, "side_by_side.mp4", on_progress=show)
print(f"\n{report.output}: {report.frames} frames, {report.fps:.0f} a second")
