"""Opens media files with FFmpeg's libraries; errors contain the last lines of FFmpeg's log.

FFmpeg's log level is global, and its log callback takes the interpreter's lock in decoder threads;
logging is therefore off. A failed call is repeated once with logging on, to find the reason.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import av
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from animate_cli.errors import MediaError

# Play lists and scripts (hls, concat, ...) are left out: a media file opens no other file.
_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,flv,asf,ogg,mjpeg,nut,mxf,apng,"
    "m4v,h264,hevc,ivf,obu,wav,mp3,flac,aac,ac3,eac3,aiff,caf,w64,opus,alac"
)
_LOG_LINES = 3
_LOG_LEVEL_LOCK = Lock()


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a media file for reading; local files in known formats only.

    Raises:
        MediaError: missing, unreadable, empty, or no media that FFmpeg recognises.
    """
    require_file(path)
    try:
        container = _open(path)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f"{path} cannot be opened as video: {reason(error)}{failure_log(lambda: _open(path))}",
            hint="the file may be cut off or of another kind; re-encode it, or export it again",
        ) from error
    with container:
        yield container


def require_file(path: Path) -> None:
    """Refuse paths that are missing, no file, empty, or may not be read."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise MediaError(f"{path} is a folder, not a file", hint="name a file inside it")
        if not stat.S_ISREG(mode):  # a pipe or a device may never end
            raise MediaError(f"{path} is not a plain file", hint="copy its content to a file")
        with path.open("rb") as file:
            first = file.read(1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MediaError(f"{path} does not exist", hint="check the name and the folder") from error
    except (OSError, ValueError) as error:  # links in a circle, a name too long, a zero byte
        why = getattr(error, "strerror", None) or error
        raise MediaError(
            f"{path} cannot be read: {why}", hint="check its name and permissions"
        ) from error
    if not first:
        raise MediaError(f"{path} is empty", hint="the copy or download may have failed")


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream of a file; cover art does not count.

    Raises:
        MediaError: there is none, or no decoder for it.
    """
    videos = [s for s in container.streams.video if not _is_cover(s)]
    if not videos:
        if container.streams.audio:
            raise MediaError(f"{path} holds only sound, no video", hint="give a video as driver")
        raise MediaError(
            f"{path} holds no video that can be found; its index may be missing or cut off",
            hint="export or download the file again",
        )
    stream = max(videos, key=lambda s: (s.codec_context is not None, _is_default(s), -s.index))
    if stream.codec_context is None:
        raise MediaError(
            f"{path}: no decoder for its video codec", hint="convert it to H.264 first"
        )
    return stream


def audio_streams(container: InputContainer) -> tuple[AudioStream, ...]:
    """Audio streams that can be decoded: the default one first, the others in file order."""
    usable = [s for s in container.streams.audio if s.codec_context is not None]
    return tuple(sorted(usable, key=lambda s: (not _is_default(s), s.index)))


def stamp_of(packet: Packet[VideoStream], container: InputContainer) -> int | None:
    """A packet's display time stamp; for AVI the decode time: AVI stores no other."""
    return packet.pts if has_display_times(container) else packet.dts


def has_display_times(container: InputContainer) -> bool:
    """Whether the format stores display times; AVI only counts packets."""
    return container.format.name != "avi"


def failure_log(attempt: Callable[[], object]) -> str:
    """Repeat a failed call with FFmpeg's log on; return the last lines as '; FFmpeg: ...'."""
    with _LOG_LEVEL_LOCK:
        before, skips = av.logging.get_level(), av.logging.get_skip_repeated()
        av.logging.set_level(av.logging.ERROR)
        av.logging.set_skip_repeated(False)  # another file may have failed for the same reason
        try:
            with av.logging.Capture() as lines, contextlib.suppress(Exception):
                result = attempt()
                if hasattr(result, "close"):
                    result.close()
        finally:
            av.logging.set_level(before)
            av.logging.set_skip_repeated(skips)
    messages = [f"{name}: {text.strip()}" for _, name, text in lines if text.strip()]
    return "; FFmpeg: " + " | ".join(messages[-_LOG_LINES:]) if messages else ""


def reason(error: Exception) -> str:
    """FFmpeg's message without its error number."""
    return str(getattr(error, "strerror", None) or error).lower()


def _open(path: Path) -> InputContainer:
    return av.open(
        str(path),
        "r",
        container_options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
        metadata_errors="replace",
    )


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & stream.disposition.attached_pic)


def _is_default(stream: VideoStream | AudioStream) -> bool:
    return bool(stream.disposition & stream.disposition.default)
