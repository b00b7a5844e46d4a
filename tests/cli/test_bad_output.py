"""Outputs and wishes that cannot be met, from the shell."""

from __future__ import annotations

import os
import shutil
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from places import ROOT
from refusal import refused
from toy_world import ToyWorld


def test_output_is_an_input(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    refused(toy, "is the input itself", photo, "-d", driver, "-o", driver, "--overwrite")
    refused(toy, "is the input itself", photo, "-d", photo, "-o", photo, "--overwrite")
    refused(toy, "is the input itself", "track", driver, "-o", driver, "--overwrite")


def test_existing_output(toy: ToyWorld) -> None:
    (toy.folder / "out.mp4").write_bytes(b"precious")
    refused(toy, "exists already", toy.photo(), "-d", toy.driver(), "-o", "out.mp4")


def test_output_into_a_missing_folder(toy: ToyWorld) -> None:
    refused(toy, "is not a folder", toy.photo(), "-d", toy.driver(), "-o", "no/out.mp4")


def test_track_into_a_missing_folder(toy: ToyWorld) -> None:
    refused(toy, "no is not a folder", "track", toy.driver(), "-o", "no/t.npz")
    refused(toy, "no is not a", "track", toy.driver(), "-o", "t.npz", "--overlay", "no/o.mp4")


@pytest.mark.parametrize("name", ["out.xyz", "out", "out.jpg"])
def test_output_of_an_unknown_kind(toy: ToyWorld, name: str) -> None:
    refused(toy, name, toy.photo(), "-d", toy.driver(), "-o", name)


def test_an_image_result_named_as_a_video(toy: ToyWorld) -> None:
    refused(toy, "out.mp4", toy.photo(), "-d", toy.photo("d.png"), "-o", "out.mp4")


def test_absent_device(toy: ToyWorld) -> None:
    refused(toy, "cuda:7", toy.photo(), "-d", toy.driver(), "--device", "cuda:7")


def test_unknown_model(toy: ToyWorld) -> None:
    refused(toy, "thin_plat", toy.photo(), "-d", toy.driver(), "--model", "thin_plat")


def test_unknown_anchor_and_face(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    refused(toy, "anchor", photo, "-d", driver, "--anchor", "999")
    refused(toy, "face 3", photo, "-d", driver, "--face", "3")
    refused(toy, "--face-box", photo, "-d", driver, "--face-box", "900,900,5,5")


def test_missing_sound(toy: ToyWorld) -> None:
    refused(toy, "nowhere.wav", toy.photo(), "-d", toy.driver(), "--audio", "nowhere.wav")


as_user = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind only a POSIX user"
)


@as_user
def test_unreadable_source(toy: ToyWorld) -> None:
    photo = toy.photo()
    photo.chmod(0)
    refused(toy, "cannot be read", photo, "-d", toy.driver())


@as_user
def test_unwritable_folder(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    closed = toy.folder / "closed"
    closed.mkdir(mode=0o500)
    refused(toy, "permission denied", photo, "-d", driver, "-o", closed / "out.mp4")


def test_unreadable_and_unwritable_as_told_by_the_system(
    toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for anyone: the system's refusal is simulated."""
    photo, driver = toy.photo(), toy.driver()
    opened, touched = Path.open, Path.touch

    def refuse_photo(self: Path, *arguments: object, **named: object) -> object:
        if self.name == "photo.png":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **named)

    def refuse_touch(self: Path, *arguments: object, **named: object) -> None:
        if "closed" in self.parts:
            raise PermissionError(13, "Permission denied", str(self))
        touched(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse_photo)
        refused(toy, "cannot be read", photo, "-d", driver)
    (toy.folder / "closed").mkdir()
    monkeypatch.setattr(Path, "touch", refuse_touch)
    refused(toy, "permission denied", photo, "-d", driver, "-o", "closed/out.mp4")


def test_full_disk(toy: ToyWorld) -> None:
    """A limit on file size stands in for a full disk: writing fails in mid-stream."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    photo, driver = toy.photo(size=(640, 480)), toy.driver(frames=40, rate=Fraction(25))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        refused(
            toy, "out.mp4 cannot be written", photo, "-d", driver, "-o", "out.mp4", "--crf", "0"
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_weights_that_are_not_there(toy: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.chdir(toy.folder)
    empty = toy.folder / "weights"
    shutil.copytree(ROOT / "weights", empty)
    (empty / "landmarks.safetensors").unlink(missing_ok=True)
    monkeypatch.setattr("animate_cli.hub.environment.embedded_dir", lambda: empty)
    monkeypatch.setenv("ANIMATE_HOME", str(toy.folder / "home"))
    refused(toy, "weights 'landmarks' are not", toy.photo(), "-d", toy.driver())
