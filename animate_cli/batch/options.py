"""Options of a batch as a whole; options of each animation are in `animate_cli.options`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from animate_cli.errors import OptionError


class BatchPairing(StrEnum):
    """How photos and drivers are paired."""

    PRODUCT = "product"  # every source with every driver
    ZIP = "zip"  # the first with the first, the second with the second, ...
    MANIFEST = "manifest"  # as each row of the manifest says


@dataclass(frozen=True, kw_only=True)
class Shard:
    """The part of the jobs that this run does. number: from 1 to count."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """2/5 -> the second of five.

        Raises:
            OptionError: anything else.
        """
        number, slash, count = text.partition("/")
        if not (slash and number.isdecimal() and count.isdecimal()):
            raise OptionError(f"--shard {text}: not i/n", hint="write it like 2/5")
        shard = cls(number=int(number), count=int(count))
        if not 1 <= shard.number <= shard.count:
            raise OptionError(f"--shard {text}: there is no such part", hint="count from 1 to n")
        return shard


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """How a batch is run.

    workers: processes, 0: one per core as far as memory allows; retries: after a failure that may
    be temporary; backoff_s: pause before the first retry, doubled for each next one; stall_s: a
    worker that reports nothing for so long is restarted; max_failures: stop the batch
    after so many failed jobs; None: never; retry_failed: try the jobs again that an earlier run
    gave up; cache: store drivers' trajectories for other jobs and runs.
    """

    workers: int = 0
    retries: int = 2
    backoff_s: float = 1.0
    stall_s: float = 600.0
    max_failures: int | None = None
    retry_failed: bool = False
    cache: bool = True
