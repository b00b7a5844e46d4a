"""Bar: a person's own motion, first frame as source, is nearer to the film than the still frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from animate_cli import Animator, MotionOptions, Options
from animate_cli.evaluate.metrics.networks.lpips import load_lpips
from animate_cli.media.images.image import write_image
from animate_cli.media.reader import open_driver
from animate_cli.options import Motion, ReadOptions

STRIDE = 5


def clips(data: Path) -> list[Path]:
    return sorted(
        p for name in ("clips", "clips_research") for p in (data / name / "val").glob("*.mp4")
    )


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thin_plate_beats_the_still_source(data, tmp_path):
    lpips = load_lpips(data / "teachers")
    options = Options(
        motion=MotionOptions(model="thin_plate", motion=Motion.ABSOLUTE, anchor="first")
    )
    rows = []
    for clip in clips(data):
        with open_driver(clip, ReadOptions()) as reader:
            frames = [frame.pixels for frame in reader]
        source = tmp_path / "source.png"
        write_image(source, frames[0], overwrite=True)
        drawn = Animator(options).frames(source, clip)
        per_frame = []
        for truth, result in zip(frames, drawn, strict=True):
            if result.index % STRIDE == 0 and result.index > 0:
                target = tensor(truth)
                for picture in (tensor(frames[0]), tensor(result.pixels)):
                    per_frame += [
                        (target - picture).abs().mean().item(),
                        ssim(picture, target, data_range=1.0).item(),
                        lpips(picture, target).item(),
                    ]
        rows.append(np.array(per_frame).reshape(-1, 2, 3).mean(axis=0))
        print(clip.name[:40], *(f"{value:.4f}" for value in rows[-1].ravel()))
    still, moved = np.stack(rows).mean(axis=0)
    print(f"{len(rows)} clips: L1, SSIM, LPIPS-Squeeze; still {still}, thin_plate {moved}")
    gain = (np.stack(rows)[:, 1] - np.stack(rows)[:, 0]) * (-1, 1, -1)
    print("share of clips that got better:", (gain > 0).mean(axis=0))
    assert moved[0] < still[0]
    assert moved[1] > still[1]
    assert moved[2] < still[2]
