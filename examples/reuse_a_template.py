"""Track a driver once, then use its motion for as many portraits as you like."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from animate_cli import Animator, MotionOptions, Options, OutputOptions, ReadOptions

here = Path(__file__).parent
options = Options(output=OutputOptions(overwrite=True))

two_seconds = replace(options, read=ReadOptions(duration_s=Fraction(2)))
trajectory = Animator(two_seconds).track(here / "driver.mp4", "motion.npz")
print(f"{len(trajectory)} frames, {trajectory.lost} without a face")

for strength in (0.5, 1.0):
    softer = replace(options, motion=MotionOptions(strength=strength))
    report = Animator(softer).animate(here / "portrait.png", "motion.npz", f"{strength}.mp4")
    print(report.output)
