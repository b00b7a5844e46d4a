"""Every picture of a folder by one driver: many_portraits.py [FOLDER]. A bad file stops nothing."""

import sys
from fractions import Fraction
from pathlib import Path

from animate_cli import AnimateError, Animator, Options, OutputOptions, ReadOptions

here = Path(__file__).parent
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here
output, read = OutputOptions(overwrite=True), ReadOptions(duration_s=Fraction(2))
Animator(Options(output=output, read=read)).track(here / "driver.mp4", "motion.npz")
animator = Animator(Options(output=output))

for portrait in sorted((*folder.glob("*.png"), *folder.glob("*.jpg"))):
    try:
        print(animator.animate(portrait, "motion.npz", f"{portrait.stem}.mp4").output)
    except AnimateError as error:
        print(error, file=sys.stderr)
