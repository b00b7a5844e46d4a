"""A corpus of damaged and malicious files, made from a seed, each with a job that reads it."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from good_files import PICTURES, TEMPLATE, VIDEOS, crowd, make_good, write_frames
from lies import array_bytes, lying_mp4, lying_pictures, lying_templates, zipped
from PIL import Image
from toy_world import toy_frame

FLIPS, VARIANTS = 12, 8
CANARY = "executed"
LONGEST_NAME = "n" * 251 + ".png"
HOSTILE_NAMES = (
    *("a\nb.png", "a\x1b[2Jb.png", "'; rm -rf x; '.png", '"quoted".png', "-o.png", "--help.png"),
    *("..png", "a b\t.png", "ü日本\U0001f600.png", "%s%n{0}{source}.png", "a\\b.png", "CON.png"),
    *("\u202egnp.png", LONGEST_NAME, "é" * 125 + ".png", "x.png.png", "|$(x)`y`.png"),
)


@dataclass
class Corpus:
    """rows: a manifest's; files lie in folder."""

    folder: Path
    rows: list[dict[str, str]] = field(default_factory=list)

    def source(self, name: str, content: bytes | None = None) -> None:
        """A bad photo with a good driver."""
        self._add(name, content, {"source": name, "driver": "good.npz"})

    def driver(self, name: str, content: bytes | None = None) -> None:
        """A good photo with a bad driver."""
        self._add(name, content, {"source": "good.png", "driver": name})

    def _add(self, name: str, content: bytes | None, row: dict[str, str]) -> None:
        if content is not None:
            (self.folder / name).write_bytes(content)
        self.rows.append({**row, "output": f"{len(self.rows):04d}.mp4"})


class Canary:
    """An object that writes a file when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CANARY

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._path),)


def make_corpus(folder: Path) -> Corpus:
    """Write all files and a manifest with one row for each."""
    corpus = Corpus(folder)
    good = make_good(folder)
    for add in (cut, flipped, lied, named, strange, pickled, odd_videos, odd_pictures):
        add(corpus, good)
    (folder / "all.json").write_text(json.dumps(corpus.rows))
    return corpus


def cut(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Files cut off at each hundredth of their length."""
    for name, add in (
        *(("fast.mp4", corpus.driver), (TEMPLATE, corpus.driver)),
        *(("good.jpg", corpus.source), ("good.png", corpus.source)),
    ):
        for percent in range(100):
            add(f"cut-{percent}-{name}", good[name][: len(good[name]) * percent // 100])
    for name in ("good.mkv", "good.avi", "good.gif"):
        for percent in range(5, 100, 10):
            corpus.driver(f"cut-{percent}-{name}", good[name][: len(good[name]) * percent // 100])


def flipped(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Files with some bits flipped."""
    dice = random.Random(5)
    for name in (*VIDEOS, TEMPLATE, *PICTURES):
        add = corpus.source if name in PICTURES else corpus.driver
        for variant in range(VARIANTS):
            data = bytearray(good[name])
            for _ in range(FLIPS):
                data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            add(f"flip-{variant}-{name}", bytes(data))


def lied(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Files with false headers."""
    for name, content in (*lying_mp4(good["fast.mp4"]), *lying_templates(good[TEMPLATE])):
        corpus.driver(f"lie-{name}", content)
    for name, content in lying_pictures(good):
        corpus.source(f"lie-{name}", content)


def named(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Files with unusual names, which must not fail."""
    for name in HOSTILE_NAMES:
        corpus.source(name, good["good.png"])
        del corpus.rows[-1]["output"]
    corpus.source("y" * 300 + ".png")
    corpus.source("nowhere.png")


def strange(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Paths that are no file, and files that are no picture."""
    folder = corpus.folder
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "ring-a.mp4").symlink_to(folder / "ring-b.mp4")
    (folder / "ring-b.mp4").symlink_to(folder / "ring-a.mp4")
    (folder / "empty-folder").mkdir()
    (folder / "self").mkdir()
    (folder / "self" / "self").symlink_to(folder / "self", target_is_directory=True)
    os.mkfifo(folder / "pipe.png")
    (folder / "zeros.png").symlink_to("/dev/zero")
    for name in ("loop.png", "pipe.png", "zeros.png", "empty-folder", "good.mp4", TEMPLATE):
        corpus.source(name)
    for name in ("ring-a.mp4", "empty-folder", "self", "pipe.png", "zeros.png", "nowhere/x.mp4"):
        corpus.driver(name)
    dice = random.Random(6)
    for size in (0, 1, 7, 16, 4096):
        corpus.source(f"noise-{size}.png", dice.randbytes(size))
        corpus.driver(f"noise-{size}.mp4", dice.randbytes(size))
    playlists = (b"#EXTM3U\n#EXTINF:1,\n/dev/zero\n", b"ffconcat version 1.0\nfile /etc/passwd\n")
    for number, content in enumerate((*playlists, b"<svg/>", b"%PDF-1.4", b"GIF89a", b"RIFF")):
        corpus.driver(f"text-{number}.mp4", content)
        corpus.source(f"text-{number}.png", content)


def pickled(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Files with pickles, which must not be executed."""
    canary = Canary(corpus.folder)
    content = pickle.dumps(canary)
    objects = io.BytesIO()
    np.save(objects, np.array([canary], dtype=object), allow_pickle=True)
    arrays = dict(np.load(io.BytesIO(good[TEMPLATE])))
    members = {f"{name}.npy": array_bytes(array) for name, array in arrays.items()}
    for name, file in (
        ("plain.pkl", content),
        ("weights.pth", zipped({"archive/data.pkl": content, "archive/version": b"3"})),
        ("alone.npy", objects.getvalue()),
        ("one.npz", zipped({"landmarks.npy": objects.getvalue()})),
        ("all.npz", zipped({**members, "driver.npy": objects.getvalue()})),
        ("more.npz", zipped({**members, "extra.npy": objects.getvalue()})),
        ("named.npz", zipped({**members, "../../out.npy": members["rate.npy"]})),
    ):
        corpus.driver(name, file)
        corpus.source(f"source-{name}", file)


def odd_videos(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Unusual but valid files."""
    folder = corpus.folder
    frames = [toy_frame(96, 80, shift=n) for n in range(6)]
    for rate in (Fraction(1, 3600), Fraction(1, 100), Fraction(1000), Fraction(90_000)):
        name = f"rate-{rate.numerator}-{rate.denominator}"
        write_frames(folder / f"{name}.mp4", frames, rate=rate)
        write_frames(folder / f"{name}.mkv", frames, rate=rate)
        corpus.driver(f"{name}.mp4")
        corpus.driver(f"{name}.mkv")
    for name, stamps in (
        ("negative", [-3, -2, -1, 0, 1, 2]),
        ("gap", [0, 1, 2, 1_000_000, 1_000_001, 1_000_002]),
        ("late", [10**7 + n for n in range(6)]),
    ):
        for suffix in ("mp4", "mkv"):
            write_frames(folder / f"{name}.{suffix}", frames, stamps=stamps)
            corpus.driver(f"{name}.{suffix}")
    for number, size in enumerate(((64, 48), (320, 240), (2, 2))):
        part = folder / f"part-{number}.h264"
        write_frames(part, [toy_frame(*size)] * 3, container="h264")
        whole = folder / f"resized-{number}.h264"
        write_frames(whole, frames, container="h264")
        corpus.driver(whole.name, whole.read_bytes() + part.read_bytes())
        corpus.driver(f"resized-first-{number}.h264", part.read_bytes() + whole.read_bytes())
    corpus.driver("twice.mp4", good["good.mp4"] * 2)
    corpus.driver("zeros-behind.mp4", good["good.mp4"] + bytes(1 << 20))
    corpus.driver("short-sound.mkv", without_late_sound(folder))
    write_frames(folder / "one-pixel.mkv", [toy_frame(2, 2)], codec="ffv1", pixel_format="yuv444p")
    corpus.driver("one-pixel.mkv")


def without_late_sound(folder: Path) -> bytes:
    """The sound's last packets are missing."""
    path = folder / "tail.mkv"
    with av.open(str(folder / "good.mp4")) as read, av.open(str(path), "w") as write:
        copies = {s.index: write.add_stream_from_template(s) for s in read.streams}
        for packet in read.demux():
            is_late = packet.stream.type == "audio" and (packet.pts or 0) > 2000
            if packet.dts is not None and not is_late:
                packet.stream = copies[packet.stream.index]
                write.mux(packet)
    return path.read_bytes()


def odd_pictures(corpus: Corpus, good: dict[str, bytes]) -> None:
    """Unusual but valid files."""
    folder = corpus.folder
    for name, pixels in (
        ("dot.png", toy_frame(1, 1, face=False)),
        ("wide.png", toy_frame(3000, 3)),
        ("tall.png", toy_frame(3, 3000)),
        ("crowd.png", crowd(10, 10)),
    ):
        Image.fromarray(pixels).save(folder / name)
        corpus.source(name)
        corpus.driver(name)
    frames = [Image.fromarray(toy_frame(32, 32))] * 500
    frames[0].save(folder / "many.webp", save_all=True, append_images=frames[1:], duration=10)
    corpus.source("many.webp")


def sampled(corpus: Corpus, step: int) -> Iterator[dict[str, str]]:
    """Every step-th row."""
    yield from corpus.rows[::step]
