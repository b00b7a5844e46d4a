"""Runs a stage of the pipeline in its own thread, a few items ahead of its reader.

    frames = prefetch(decode(path), depth=8)         # thread 1 decodes,
    for image in prefetch(render(frames), depth=8):  # thread 2 renders, and
        writer.write(image)                          # the caller encodes, at the same time

The queue is bounded, so memory does not grow. An exception in the stage is raised in the reader.
Closing the iterator (also by an exception or an interrupt in the reader) stops the thread and
closes the stage, which closes the stage before it; then the thread is joined.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from queue import Empty, Full, Queue
from typing import Generic, TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Stage: TypeAlias = Generator[Item, None, None]
"""A generator of items; closing it stops the work and frees its resources."""

_THREAD = "animate-stage"
_POLL_S = 0.05  # how often a blocked thread checks whether it was stopped


class _End:
    """The last item in the queue. error: the reason why the stage ended; None: it finished."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Prefetcher(Generic[Item]):
    def __init__(self, items: Iterable[Item], depth: int) -> None:
        self.queue: Queue[Item | _End] = Queue(maxsize=depth)
        self._items = items
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._fill, name=_THREAD, daemon=True)

    def _fill(self) -> None:
        error: BaseException | None = None
        iterator = iter(self._items)
        try:
            for item in iterator:
                if not self._put(item):
                    break
        except BaseException as problem:  # raised again in the reader
            error = problem
        error = _close(iterator) or error
        self._put(_End(error))

    def _put(self, item: Item | _End) -> bool:
        """Put an item into the queue; False if the stage was stopped."""
        while not self._stopped.is_set():
            try:
                self.queue.put(item, timeout=_POLL_S)
            except Full:
                continue
            return True
        return False

    def stop(self) -> None:
        """End the thread, and wait for it unless it is the current one.

        It is the current one if the garbage collector closes a dropped reader in this thread.
        """
        self._stopped.set()
        if self.thread is not threading.current_thread():
            self.thread.join()


def prefetch(items: Iterable[Item], *, depth: int) -> Stage[Item]:
    """The same items in the same order, made by a thread at most `depth` items ahead.

    The thread starts with the first item that is asked for.
    """
    stage = _Prefetcher(items, depth)
    stage.thread.start()
    try:
        while True:
            item = _get(stage.queue)
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stage.stop()


def parallel_map(
    items: Stage[Item], function: Callable[[Item], Result], *, workers: int
) -> Stage[Result]:
    """function(item) of every item, in order, `workers` of them computed at the same time.

    An error is raised in its item's place. Closing it waits for the running items, then closes
    `items`.
    """
    with closing(items), ThreadPoolExecutor(workers, thread_name_prefix=_THREAD) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def skip(items: Stage[Item], count: int) -> Stage[Item]:
    """All but the first `count` items."""
    with closing(items):
        yield from islice(items, count, None)


def _get(queue: Queue[Item | _End]) -> Item | _End:
    while True:  # on Windows, Ctrl-C does not interrupt a wait without timeout
        try:
            return queue.get(timeout=1.0)
        except Empty:
            continue


def _close(iterator: Iterator[Item]) -> BaseException | None:
    """Close a generator now rather than at garbage collection; return the error, if any."""
    try:
        if isinstance(iterator, Generator):
            iterator.close()
    except BaseException as problem:  # raised again in the reader
        return problem
    return None
