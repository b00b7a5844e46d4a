"""Bad drivers from the shell; damaged ones that still decode are animated as far as they go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from refusal import animate, refused
from toy_world import ToyWorld, toy_frame


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def text_file(path: Path) -> None:
    path.write_text("This is not a video.\n" * 20)


def test_missing_driver(toy: ToyWorld) -> None:
    refused(toy, "nowhere.mp4 does not exist", toy.photo(), "--driver", "nowhere.mp4")


def cut_before_index(path: Path) -> None:
    """An MP4 whose index stands at its end, and is lost with it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(toy_frame(128, 96), "rgb24")))
        container.mux(stream.encode())
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"moov") - 4])


def zero_frames(path: Path) -> None:
    """An MP4 with a video track and nothing in it."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        container.start_encoding()


def audio_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", 44100, layout="mono")
        tone = np.zeros((1, 4096), np.float32)
        frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


BAD_DRIVERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (empty_file, "is empty"),
    "text named .mp4": (text_file, "neither a picture, a video nor a driver template"),
    "cut before its index": (cut_before_index, "cannot be opened"),
    "zero frames": (zero_frames, "holds no video"),
    "audio only": (audio_only, "only sound"),
}


@pytest.mark.parametrize("case", BAD_DRIVERS)
def test_bad_driver(toy: ToyWorld, case: str) -> None:
    make, says = BAD_DRIVERS[case]
    make(toy.folder / "bad.mp4")
    refused(toy, says, toy.photo(), "--driver", "bad.mp4")


def test_driver_without_a_face(toy: ToyWorld) -> None:
    driver = toy.driver(frames=5, without_face=range(5))
    refused(toy, "no face was found in any of the 5 frames", toy.photo(), "--driver", driver)


def test_lost_face_with_lost_fail(toy: ToyWorld) -> None:
    driver = toy.driver(frames=9, without_face=range(5, 9))
    refused(toy, "is lost in frame 5", toy.photo(), "--driver", driver, "--lost", "fail")


def test_nothing_between_start_and_end(toy: ToyWorld) -> None:
    refused(
        toy,
        "no frame between start and end",
        toy.photo(),
        "--driver",
        toy.driver(),
        "--start",
        "1:00",
    )


def test_a_damaged_template(toy: ToyWorld) -> None:
    driver = toy.driver(frames=3)
    assert animate("track", driver, "-o", "t.npz").exit_code == 0
    content = Path("t.npz").read_bytes()
    Path("t.npz").write_bytes(content[: len(content) // 2] + content[len(content) // 2 + 9 :])
    refused(toy, "is not a driver template", toy.photo(), "--driver", "t.npz")


def test_a_video_cut_short_is_used_as_far_as_it_goes(toy: ToyWorld) -> None:
    whole = toy.driver("whole.mp4", frames=60)
    with (
        av.open(str(whole)) as source,
        av.open("fast.mp4", "w", options={"movflags": "faststart"}) as fast,
    ):
        video = source.streams.video[0]
        copy = fast.add_stream_from_template(video)
        for packet in source.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                fast.mux(packet)
    content = Path("fast.mp4").read_bytes()
    Path("cut.mp4").write_bytes(content[: int(len(content) * 0.7)])
    answer = animate(toy.photo(), "--driver", "cut.mp4", "-o", "out.mp4")
    assert answer.exit_code == 0, answer.output
    assert "60 frames declared" in answer.stderr
    Path("out.mp4").unlink()
    refused(toy, "is damaged", "photo.png", "--driver", "cut.mp4", "-o", "out.mp4", "--strict")


def test_a_corrupt_packet_is_concealed_counted_and_told(toy: ToyWorld) -> None:
    whole = toy.driver("whole.mp4", frames=30)
    with av.open(str(whole)) as source, av.open("holed.mp4", "w") as holed:
        video = source.streams.video[0]
        copy = holed.add_stream_from_template(video)
        for number, packet in enumerate(source.demux(video)):
            if packet.dts is None:
                continue
            if number == 14:
                broken = av.Packet(b"\xff" * packet.size)
                broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
                packet = broken
            packet.stream = copy
            holed.mux(packet)
    answer = animate(toy.photo(), "--driver", "holed.mp4", "-o", "out.mp4")
    assert answer.exit_code == 0, answer.output
    assert "damaged frame" in answer.stderr
    with av.open("out.mp4") as result:
        assert sum(1 for _ in result.decode(video=0)) == 30
