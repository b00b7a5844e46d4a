"""What a batch chooses beyond what each of its animations does; loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from animate_cli.errors import OptionError


class BatchPairing(StrEnum):
    """Which source goes with which driver."""

    PRODUCT = "product"  # every source with every driver
    ZIP = "zip"  # the first with the first, the second with the second, ...
    MANIFEST = "manifest"  # as each row of the manifest says


@dataclass(frozen=True, kw_only=True)
class Shard:
    """This run's part of the jobs: the number-th of count, from 1."""

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

    workers: processes, 0: one per core as far as memory goes; retries: after a fault that may
    pass; backoff_s: pause before the first retry, doubled for each one after; stall_s: a worker
    silent for so long is ended; max_failures: jobs that may fail before the batch stops, None:
    any number; retry_failed: try again what failed for good in an earlier run; cache: keep
    drivers' motion for other jobs and runs.
    """

    workers: int = 0
    retries: int = 2
    backoff_s: float = 1.0
    stall_s: float = 600.0
    max_failures: int | None = None
    retry_failed: bool = False
    cache: bool = True
