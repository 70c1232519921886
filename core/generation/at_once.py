"""Several things made at the same time, a thread each, and handed out in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

AHEAD = 2
"""For each thread so many are asked for before they are taken, so that none waits for the one who takes them."""


MOST = 8
"""Each takes a tile's memory, some 100 MB."""


def fitting(device: str) -> int:
    """How many tiles are best made at the same time on this device: on a processor one a thread."""
    import torch

    return min(MOST, torch.get_num_threads()) if device == "cpu" else 1


def in_order(make: Callable[[Item], Made], items: Sequence[Item], at_once: int) -> Generator[Made, None, None]:
    """What ``make`` gives for each of ``items``, in their order, made ``at_once`` at the same time.

    Two small convolutions beside each other are faster than one after the other with two threads each: the threads need
    not wait for each other after every layer. So the threads that torch has are shared out. With one at a time, all is
    done in the calling thread. Closing the generator waits for what has been begun, and begins nothing more.

    Parameters
    ----------
    make
        May be called from several threads at a time.

    Raises
    ------
    Exception
        What ``make`` raises, when its turn has come.
    """
    at_once = min(at_once, len(items))
    if at_once < 2:
        yield from map(make, items)
        return
    # late: not every caller of this room's functions computes
    import torch

    threads = torch.get_num_threads()
    begun = threading.Barrier(at_once + 1)

    def begin() -> None:
        torch.get_num_threads()  # a thread asks for the program's number once, and never again
        torch.set_num_threads(max(1, threads // at_once))
        begun.wait()

    with ThreadPoolExecutor(at_once, "tile", initializer=begin) as pool:
        waiting: deque[Future[Made]] = deque()
        left: Iterable[Item] = iter(items)

        def ask(count: int) -> None:
            waiting.extend(pool.submit(make, item) for item in islice(left, count))

        try:
            ask(at_once)  # each begins a thread
            begun.wait()
            # every thread has its own number; new ones of the program begin with what was set last
            torch.set_num_threads(threads)
            ask((AHEAD - 1) * at_once)
            while waiting:
                made = waiting.popleft().result()
                ask(1)
                yield made
        finally:
            for future in waiting:
                future.cancel()
