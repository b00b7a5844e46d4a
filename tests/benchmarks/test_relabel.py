"""Clips relabelled by other detectors, in a toy world whose truth is known exactly."""

from pathlib import Path

import numpy as np
import pytest
from relabel import relabel
from toy_world import ToyLandmarker, ToyWorld, canonical_points, find_disc

from animate_cli.data.label_files import read_npz
from animate_cli.data.manifest import read_manifest
from animate_cli.faces.points import RIGHT_EYE
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

FRAMES = 7


class Low:
    """Sees the truth three pixels of its square too low."""

    size = 64

    def __call__(self, squares):
        points, sure = ToyLandmarker()(squares)
        return points + np.float32((0, 3)), sure

    def refine(self, frames, points):
        return points


@pytest.fixture
def root(toy: ToyWorld) -> Path:
    """Two clips with exact labels, the second under other terms; nobody is found in frame 4."""
    lines = ["file,split,kind,identity,terms"]
    for name, terms in (("a", "permissive"), ("b", "research")):
        clip = toy.driver(f"{name}.mp4", frames=FRAMES)
        with open_driver(clip, ReadOptions()) as reader:
            discs = [find_disc(frame.pixels) for frame in reader]
        truth = [canonical_points() * disc[2] + disc[:2] for disc in discs]
        found = np.arange(FRAMES) != 4
        np.savez(clip.with_suffix(".npz"), landmarks=np.stack(truth), found=found)
        lines.append(f"{clip.name},train,clip,{name},{terms}")
    (toy.folder / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    return toy.folder


def test_every_detector_gets_a_folder_with_what_it_saw(root, tmp_path):
    out = tmp_path / "out"
    relabel(root, out, {"true": ToyLandmarker(), "low": Low()}, terms="permissive", every=2)
    truth = read_npz(root / "a.npz")
    exact, low = (read_npz(out / name / "a.npz") for name in ("true", "low"))
    assert exact.found.tolist() == low.found.tolist() == [t in (0, 2, 6) for t in range(FRAMES)]
    ibug = np.s_[exact.found, :68]
    np.testing.assert_allclose(exact.points[ibug], truth.points[ibug], atol=0.7)
    offset = (low.points - exact.points)[ibug]
    assert np.ptp(offset[..., 1]) < 0.3
    assert offset[..., 1].min() > 1


def test_lids_and_pupils_are_made_up_from_the_68(root, tmp_path):
    relabel(root, tmp_path, {"true": ToyLandmarker()}, terms="", every=1)
    points = read_npz(tmp_path / "true" / "b.npz").points[0]
    np.testing.assert_allclose(points[72], points[list(RIGHT_EYE)].mean(axis=0), atol=1e-4)


def test_only_clips_of_the_terms_asked_for_are_listed(root, tmp_path):
    relabel(root, tmp_path, {"true": ToyLandmarker()}, terms="permissive", every=1)
    (entry,) = read_manifest(tmp_path / "true")
    assert (entry.identity, entry.terms) == ("a", "permissive")
    assert entry.path.read_bytes() == (root / "a.mp4").read_bytes()


def test_what_is_there_is_not_looked_at_again(root, tmp_path):
    relabel(root, tmp_path, {"one": ToyLandmarker()}, terms="", every=1)
    before = (tmp_path / "one" / "a.npz").read_bytes()
    relabel(root, tmp_path, {"one": Low(), "two": Low()}, terms="", every=1)
    assert (tmp_path / "one" / "a.npz").read_bytes() == before
    assert (tmp_path / "two" / "a.npz").is_file()
