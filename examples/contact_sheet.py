"""Finished frames as arrays: the driver's above the moved portrait's, in one picture."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from animate_cli import Animator, Framing, Options, OutputOptions, ReadOptions

here = Path(__file__).parent
moments = (5, 12, 35, 48, 65, 99)

output = OutputOptions(side_by_side=True, framing=Framing.CROP)
read = ReadOptions(start_s=Fraction(17, 5), duration_s=Fraction(4))
animator = Animator(Options(output=output, read=read))
frames = animator.frames(here / "portrait.png", here / "driver.mp4")
shown = [frame.pixels for frame in frames if frame.index in moments]
still, *_ = np.array_split(shown[0], 3, axis=1)
drivers = np.hstack([np.array_split(pixels, 3, axis=1)[1] for pixels in shown])
results = np.hstack([np.array_split(pixels, 3, axis=1)[2] for pixels in shown])
blank = np.full_like(still, 255)
sheet = np.vstack((np.hstack((blank, drivers)), np.hstack((still, results))))
Image.fromarray(sheet).save("contact_sheet.jpg", quality=90)
