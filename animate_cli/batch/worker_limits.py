"""Limits the number of workers, and the threads of each, to memory and cores."""

from __future__ import annotations

import os

from animate_cli.device import thread_count
from animate_cli.errors import OptionError

WORKER_BYTES = 3 << 29  # 1.5 GiB: networks, and a few frames of a 4K photo


def worker_count(requested: int, *, jobs: int) -> int:
    """The number of workers: as requested, or, for 0, one per core as far as memory allows.

    Raises:
        OptionError: below 0.
    """
    if requested < 0:
        raise OptionError(
            f"--workers {requested}: below 0", hint="give a number, or 0 for all cores"
        )
    default = min(thread_count(0), max(1, _memory_bytes() // WORKER_BYTES))
    return max(1, min(requested or default, jobs))


def threads_each(workers: int, requested: int) -> int:
    """Threads of one worker; all workers together have at most one per core."""
    share = max(1, thread_count(0) // workers)
    return min(requested, share) if requested else share


def _memory_bytes() -> int:
    """The memory of this machine; if unknown, enough for a worker per core."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return WORKER_BYTES * thread_count(0)
