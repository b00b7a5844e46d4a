"""Save and load a driver template: the trajectory of a video, tracked once, for many portraits.

A template is an uncompressed `.npz` of plain arrays, without pickles. It may come from an untrusted
source: type and shape of each array are checked in its header, and its size against the file's
size, before memory is allocated; then all values are checked.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from animate_cli.errors import DAMAGED_ARCHIVE, MediaError, OutputError
from animate_cli.records import BODY, LANDMARKS, Codes, Trajectory

VERSION = 1
FARTHEST_PX = 1e6  # from the frame's origin, at most; points may lie outside the frame
FARTHEST_BODY = 10  # units of the head, at most
LONGEST_TEXT = 4096
SLOWEST_FPS, FASTEST_FPS = 1e-5, 1000

T = -1  # in a shape: the number of frames
D = -1  # ... any number

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class TemplateMember:
    """An array of the file: numpy's kind of its dtype, bytes per item (0: any, a text), shape."""

    kind: str
    bytes: int
    shape: tuple[int, ...]


MEMBERS = {
    "version": TemplateMember(kind="i", bytes=8, shape=()),
    "landmarks": TemplateMember(kind="f", bytes=4, shape=(T, LANDMARKS, 2)),
    "confidence": TemplateMember(kind="f", bytes=4, shape=(T, LANDMARKS)),
    "found": TemplateMember(kind="b", bytes=1, shape=(T,)),
    "cut": TemplateMember(kind="b", bytes=1, shape=(T,)),
    "presence": TemplateMember(kind="f", bytes=4, shape=(T,)),
    "times_s": TemplateMember(kind="i", bytes=8, shape=(T, 2)),  # numerator, denominator
    "rate": TemplateMember(kind="i", bytes=8, shape=(2,)),
    "size": TemplateMember(kind="i", bytes=8, shape=(2,)),  # width, height
    "frames_declared": TemplateMember(kind="i", bytes=8, shape=()),  # -1: the container did not say
    "frames_concealed": TemplateMember(kind="i", bytes=8, shape=()),
    "driver": TemplateMember(kind="U", bytes=0, shape=()),
    "sha256": TemplateMember(kind="U", bytes=0, shape=()),
}


CODES = {
    "codes": TemplateMember(kind="f", bytes=4, shape=(T, D)),
    "language": TemplateMember(kind="U", bytes=0, shape=()),
}
"""Present in templates for models that read frames."""

OPTIONAL = (CODES, {"body": TemplateMember(kind="f", bytes=2, shape=(T, BODY, 2))})
"""Groups of members that a file may lack: the body is written since 2026-11-29."""


class _BadTemplate(Exception):  # noqa: N818 - never leaves this file
    """The reason why a file is no template."""


def save_template(trajectory: Trajectory, path: Path, *, overwrite: bool) -> None:
    """Write a trajectory; a failure leaves no partial file.

    Raises:
        OutputError: the file exists and `overwrite` is False, or it cannot be written.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already", hint="choose another name or --overwrite")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **_to_arrays(trajectory))
        beside.replace(path)
    except OSError as error:
        raise OutputError(
            f"the template {path} cannot be written: {error.strerror or error}",
            hint="check that the folder exists, is writable and has space",
        ) from error
    finally:
        if beside.exists():
            beside.unlink()


def load_template(path: Path) -> Trajectory:
    """Read a trajectory, exactly as it was saved.

    Raises:
        MediaError: the file is missing, damaged, no template, of another version, or declares
            larger arrays than it holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = _read_arrays(archive, path.stat().st_size)
        _check_values(arrays)
        return _to_trajectory(arrays)
    except FileNotFoundError as error:
        raise MediaError(f"{path} does not exist", hint="check the name") from error
    except (_BadTemplate, *DAMAGED_ARCHIVE) as error:
        raise MediaError(
            f"{path} is not a driver template: {error}",
            hint="write it anew with: animate track VIDEO -o T.npz",
        ) from error


def _to_arrays(trajectory: Trajectory) -> dict[str, NDArray[Any]]:
    times = [(t.numerator, t.denominator) for t in trajectory.times_s]
    weight = trajectory.motion_weight
    if weight is None:
        weight = np.ones(len(trajectory), np.float32)
    declared = trajectory.frames_declared
    codes = trajectory.codes
    added = {} if codes is None else {"codes": codes.values, "language": np.array(codes.encoder_id)}
    if trajectory.body is not None:
        added["body"] = trajectory.body.astype(np.float16, copy=False)
    return added | {
        "version": np.array(VERSION, np.int64),
        "landmarks": trajectory.landmarks.astype(np.float32, copy=False),
        "confidence": trajectory.confidence.astype(np.float32, copy=False),
        "found": trajectory.found.astype(np.bool_),
        "cut": trajectory.cut.astype(np.bool_),
        "presence": weight.astype(np.float32),
        "times_s": np.array(times, np.int64).reshape(-1, 2),
        "rate": np.array((trajectory.rate.numerator, trajectory.rate.denominator), np.int64),
        "size": np.array((trajectory.width, trajectory.height), np.int64),
        "frames_declared": np.array(-1 if declared is None else declared, np.int64),
        "frames_concealed": np.array(trajectory.frames_concealed, np.int64),
        "driver": np.array(trajectory.driver),
        "sha256": np.array(trajectory.sha256),
    }


def _to_trajectory(arrays: Arrays) -> Trajectory:
    declared = int(arrays["frames_declared"])
    codes = (
        Codes(encoder_id=str(arrays["language"]), values=arrays["codes"])
        if "codes" in arrays
        else None
    )
    return Trajectory(
        landmarks=arrays["landmarks"],
        confidence=arrays["confidence"],
        found=arrays["found"],
        cut=arrays["cut"],
        motion_weight=arrays["presence"],
        times_s=tuple(Fraction(int(n), int(d)) for n, d in arrays["times_s"]),
        rate=Fraction(*(int(v) for v in arrays["rate"])),
        width=int(arrays["size"][0]),
        height=int(arrays["size"][1]),
        driver=str(arrays["driver"]),
        sha256=str(arrays["sha256"]),
        frames_declared=None if declared < 0 else declared,
        frames_concealed=int(arrays["frames_concealed"]),
        codes=codes,
        body=arrays.get("body"),
    )


def _read_arrays(archive: zipfile.ZipFile, file_bytes: int) -> dict[str, NDArray[Any]]:
    """All members. Never allocates more than the size of the file.

    Raises:
        _BadTemplate: the members are not those of a template.
    """
    names = archive.namelist()
    members = _members_of(names)
    if len(names) != len(set(names)) or set(names) != _file_names(members):
        raise _BadTemplate("its arrays are not those of a template")
    infos = archive.infolist()
    if any(i.compress_type != zipfile.ZIP_STORED for i in infos):
        raise _BadTemplate("it is compressed, which templates are not")
    if sum(i.file_size for i in infos) > file_bytes:
        raise _BadTemplate("it promises more than it holds")
    arrays = {name: _read_array(archive, name, member) for name, member in members.items()}
    if int(arrays["version"]) != VERSION:
        raise _BadTemplate(f"version {arrays['version']}, this program reads version {VERSION}")
    if len({len(arrays[n]) for n, m in members.items() if m.shape[:1] == (T,)}) != 1:
        raise _BadTemplate("its arrays differ in their number of frames")
    return arrays


def _members_of(names: Sequence[str]) -> dict[str, TemplateMember]:
    """The members that a file of these names must have: an optional group if any of it is there."""
    members = dict(MEMBERS)
    for group in OPTIONAL:
        if _file_names(group) & set(names):
            members |= group
    return members


def _file_names(members: Mapping[str, TemplateMember]) -> set[str]:
    return {f"{name}.npy" for name in members}


def _read_array(archive: zipfile.ZipFile, name: str, member: TemplateMember) -> NDArray[Any]:
    """One member, after its header has been checked against `member` and against its size."""
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as file:
        if npy.read_magic(file) != (1, 0):
            raise _BadTemplate(f"{name} has an unknown header")
        shape, is_fortran, dtype = npy.read_array_header_1_0(file)
        is_shape = len(shape) == len(member.shape) and all(
            wanted in (T, given) for given, wanted in zip(shape, member.shape, strict=True)
        )
        is_type = dtype.kind == member.kind and dtype.itemsize in (member.bytes or dtype.itemsize,)
        if not is_shape or not is_type or is_fortran or dtype.hasobject:
            raise _BadTemplate(f"{name} is {dtype} {shape}")
        count = int(np.prod(shape, dtype=object))
        if count * dtype.itemsize != info.file_size - file.tell():
            raise _BadTemplate(f"{name} does not have the size that it claims")
        if member.kind == "U" and dtype.itemsize > 4 * LONGEST_TEXT:
            raise _BadTemplate(f"{name} is too long")
        content = np.frombuffer(file.read(), dtype, count).reshape(shape)
    return content.astype(dtype.newbyteorder("="))


def _check_values(arrays: Arrays) -> None:
    """Check that every value is one that `track` could have written.

    Raises:
        _BadTemplate: it is not.
    """
    times = arrays["times_s"]
    shares = (arrays["confidence"], arrays["presence"])
    seconds = times[:, 0] / np.maximum(times[:, 1], 1)
    demands = {
        "it has no frames": len(times) > 0,
        "no frame shows a face": arrays["found"].any(),
        "points are not finite": np.isfinite(arrays["landmarks"]).all()
        and np.abs(arrays["landmarks"]).max(initial=0) < FARTHEST_PX,
        "codes are not finite": np.isfinite(arrays.get("codes", 0.0)).all(),
        "the body moves too far": (np.abs(arrays.get("body", 0.0)) <= FARTHEST_BODY).all(),
        "shares are not in 0 to 1": all(((a >= 0) & (a <= 1)).all() for a in shares),
        "times are not rising": (times[:, 1] > 0).all() and (np.diff(seconds) >= 0).all(),
        "its frame rate is none": _is_rate(arrays["rate"]),
        "its frame size is not positive": (arrays["size"] > 0).all(),
        "its sha256 is none": re.fullmatch(r"[0-9a-f]{64}|", str(arrays["sha256"])) is not None,
    }
    for problem, is_met in demands.items():
        if not is_met:
            raise _BadTemplate(problem)


def _is_rate(terms: NDArray[Any]) -> bool:
    """Whether numerator and denominator (2,) are a frame rate that encoders accept."""
    is_small = bool(((terms > 0) & (terms < 1 << 31)).all())
    return is_small and SLOWEST_FPS <= terms[0] / terms[1] <= FASTEST_FPS
