"""How many workers this machine carries, and the threads each may have."""

from __future__ import annotations

import os

from animate_cli.device import thread_count
from animate_cli.errors import OptionError

WORKER_BYTES = 3 << 29  # 1.5 GiB: networks, and a few frames of a 4K photo


def worker_count(wished: int, *, jobs: int) -> int:
    """Workers for so many jobs: as wished, or (0) one per core as far as memory goes.

    Raises:
        OptionError: below 0.
    """
    if wished < 0:
        raise OptionError(f"--workers {wished}: below 0", hint="give a number, or 0 for all cores")
    usual = min(thread_count(0), max(1, _memory_bytes() // WORKER_BYTES))
    return max(1, min(wished or usual, jobs))


def threads_each(workers: int, wished: int) -> int:
    """Threads of one worker, so that all together have no more than there are cores."""
    share = max(1, thread_count(0) // workers)
    return min(wished, share) if wished else share


def _memory_bytes() -> int:
    """Memory of this machine; where it cannot be told, enough for all cores."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return WORKER_BYTES * thread_count(0)
