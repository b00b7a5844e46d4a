"""How driver.mp4 was made: make_driver.py ict_face.npz OUT.mp4 (needs espeak-ng; four minutes)."""

import sys
import tomllib
from fractions import Fraction
from pathlib import Path

import numpy as np

from animate_cli.options import OutputOptions
from animate_cli.train.synthetic import ict_head, render, speech, talking_head, video

play = tomllib.loads(Path(__file__).with_name("driver.toml").read_text(encoding="utf-8"))
person = (np.random.default_rng(7).normal(size=60) * 0.6).astype(np.float32)
renderer = render.HeadRenderer(ict_head.load(Path(sys.argv[1])), person)
performance = talking_head.HeadPerformance(
    speech=speech.speak(play.pop("words"), pitch=play.pop("pitch")),
    keys=tuple(talking_head.Key(*row) for row in play.pop("keys")),
    glances=tuple(talking_head.Glance(*row) for row in play.pop("glances")),
    **play,
)
camera = ict_head.Camera(size=512, focal_px=1400, distance=100, target=(0, -0.8, 0))
output, to, rate = OutputOptions(crf=20, preset="slow"), Path(sys.argv[2]), Fraction(25)
video.render_video(renderer, performance, camera, to, frames=200, rate=rate, output=output)
