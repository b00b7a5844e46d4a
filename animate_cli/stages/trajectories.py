"""Caches tracked drivers on disk, so that later runs need not track them again.

    key     sha256 of the driver's bytes, the part used, the options of tracking, the landmark
            weights and, for models that encode frames, their encoder
    entry   KEY.npz, a template, and KEY.json, notes from reading the driver
    limit   the least recently used entries are deleted when the folder is too large

If two processes want the same driver at the same time, one tracks it while the other waits.
Errors of reading or writing the cache are ignored; the driver is then tracked again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from animate_cli import hub
from animate_cli.errors import AnimateError
from animate_cli.faces.tracking.template import load_template, save_template
from animate_cli.options import Options
from animate_cli.records import InputFile, InputFrames, Kind, TrackedDriver
from animate_cli.stages.run_summary import LANDMARK_WEIGHTS

MOST_BYTES = 512 << 20  # some five hours of video
REVISION = 1  # of the tracking method; entries of another revision are not used
_LOCKS = 2  # hexadecimal digits of the key in its lock's name: at most 256 lock files
_POLL_S = 1.0

logger = logging.getLogger(__name__)


class TrajectoryCache:
    """A folder of trajectories, of at most `most_bytes`; it is created at the first write."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.most_bytes = most_bytes

    def get_or_track(
        self,
        given: InputFile | InputFrames,
        options: Options,
        track: Callable[[], TrackedDriver],
        *,
        on_wait: Callable[[], None],
        encoder_id: str = "",
    ) -> TrackedDriver:
        """The tracked driver from the cache; if it is not there, `track()` makes it.

        on_wait: called repeatedly while another process tracks the driver; may raise to stop.
        encoder_id: of the codes that `track` adds, "" for none.

        Raises:
            AnimateError: raised by `track`; nothing is cached then.
        """
        if isinstance(given, InputFrames) or given.kind is Kind.TEMPLATE:
            return track()
        key = key_of(given, options, encoder_id)
        with self._locked(key, on_wait):
            cached = self._read(key, given, options)
            if cached is not None:
                return cached
            driver = track()
            self._write(key, driver)
            return driver

    def _read(self, key: str, given: InputFile, options: Options) -> TrackedDriver | None:
        entry = self.folder / f"{key}.npz"
        try:
            notes = json.loads(entry.with_suffix(".json").read_text(encoding="utf-8"))
            trajectory = replace(load_template(entry), driver=given.path.name)
            os.utime(entry)  # used just now
        except (AnimateError, OSError, ValueError):  # absent, damaged or of another version
            return None
        return TrackedDriver(
            given=given,
            trajectory=trajectory,
            start_s=options.read.start_s,
            duration_s=options.read.duration_s,
            notes=tuple(map(str, notes)),
        )

    def _write(self, key: str, driver: TrackedDriver) -> None:
        entry = self.folder / f"{key}.npz"
        try:
            entry.with_suffix(".json").write_text(json.dumps(driver.notes), encoding="utf-8")
            save_template(driver.trajectory, entry, overwrite=True)
            self._evict()
        except (AnimateError, OSError) as error:
            logger.debug("the motion of %s is not cached: %s", driver.path, error)

    def _evict(self) -> None:
        entries = sorted(self.folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        total = sum(file.stat().st_size for file in entries)
        for file in entries:
            if total <= self.most_bytes:
                return
            total -= file.stat().st_size
            file.unlink()
            file.with_suffix(".json").unlink(missing_ok=True)

    @contextmanager
    def _locked(self, key: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """Lock this key, if the file system supports locks."""
        lock = FileLock(self.folder / f"{key[:_LOCKS]}.lock", timeout=_POLL_S)
        with suppress(OSError, NotImplementedError):
            self.folder.mkdir(parents=True, exist_ok=True)
            while not _acquired(lock):
                on_wait()
        try:
            yield
        finally:
            lock.release()


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True


def key_of(given: InputFile, options: Options, encoder_id: str = "") -> str:
    """Hexadecimal digest of everything that a trajectory depends on."""
    read, faces = options.read, options.faces
    parts = (
        *(REVISION, given.sha256, hub.used(LANDMARK_WEIGHTS).sha256),
        *(read.start_s, read.duration_s, read.strict),
        *(faces.detector, faces.driver_face, faces.lost, faces.registration, faces.smooth),
        *((encoder_id,) if encoder_id else ()),
    )
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
