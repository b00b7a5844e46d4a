"""Downloads a file over HTTP, and resumes where an earlier attempt stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TRIES = 5  # in a row that bring no byte
FIRST_PAUSE_S = 0.5  # doubled at each further try
TIMEOUT_S = 20.0  # without a byte
LOG_EVERY_S = 5.0
PARTIAL_CONTENT = 206
RETRYABLE = {408, 429, 500, 502, 503, 504}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Progress of a download, in bytes. total: None if the server does not state it."""

    name: str
    file: str
    done: int
    total: int | None


OnTransfer = Callable[[Transfer], None]
"""Called after every piece of a download."""


class TransferLog:
    """Logs a line when a download begins, and every LOG_EVERY_S seconds."""

    def __init__(self) -> None:
        self._file, self._last_s = "", 0.0

    def __call__(self, transfer: Transfer) -> None:
        """Log the progress if the file is new or LOG_EVERY_S seconds have passed."""
        now = time.monotonic()
        if transfer.file == self._file and now - self._last_s < LOG_EVERY_S:
            return
        self._file, self._last_s = transfer.file, now
        logger.info("fetching %s", line(transfer))


def line(transfer: Transfer) -> str:
    """A transfer as text: "liveportrait, warping_module.pth: 12 of 182 MB"."""
    done = f"{transfer.done / 1e6:.0f}"
    amount = f"{done} of {transfer.total / 1e6:.0f} MB" if transfer.total else f"{done} MB"
    return f"{transfer.name}, {transfer.file}: {amount}"


def download(url: str, target: Path, total: int | None, on_bytes: Callable[[int], None]) -> None:
    """Download the part of the file at `url` that `target` does not have yet.

    total: bytes of the whole file, None if not known; on_bytes: called with the bytes present.

    Raises:
        OSError: a disk error, or the server sent another number of bytes than it announced.
        huggingface_hub.errors.HTTPError: a network error, after `TRIES` tries.
    """
    from huggingface_hub.errors import HTTPError

    tries = TRIES
    while (before := _size(target)) != total:
        if total is None or before > total:
            target.unlink(missing_ok=True)
        try:
            _download_rest(url, target, on_bytes)
            if total is None:
                return
            failure: Exception = OSError(f"{_size(target)} bytes came, {total} were promised")
        except HTTPError as error:
            if not _is_temporary(error):
                raise
            failure = error
        tries = TRIES if _size(target) > before else tries - 1
        if tries == 0:
            raise failure
        if _size(target) != total:
            logger.info("the connection broke (%s): going on", failure)
            time.sleep(FIRST_PAUSE_S * 2 ** (TRIES - tries))


def _download_rest(url: str, target: Path, on_bytes: Callable[[int], None]) -> None:
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    have = _size(target)
    headers = {**build_hf_headers(library_name="animate"), "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as response:
        hf_raise_for_status(response)
        resumed = response.status_code == PARTIAL_CONTENT
        with target.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)  # at once, so that an interrupted download keeps it
                on_bytes(file.tell())


def _is_temporary(error: Exception) -> bool:
    """Whether another try may help."""
    from huggingface_hub.errors import HfHubHTTPError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in RETRYABLE
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
