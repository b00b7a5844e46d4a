"""Every picture of a folder by one driver: many_portraits.py [FOLDER]. A bad file stops nothing."""

import sys
from pathlib import Path

from animate_cli import AnimateError, Animator, Options, OutputOptions

here = Path(__file__).parent
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here
animator = Animator(Options(output=OutputOptions(overwrite=True)))
animator.track(here / "driver.mp4", "motion.npz")

for portrait in sorted((*folder.glob("*.png"), *folder.glob("*.jpg"))):
    try:
        print(animator.animate(portrait, "motion.npz", f"{portrait.stem}.mp4").output)
    except AnimateError as error:
        print(error, file=sys.stderr)
