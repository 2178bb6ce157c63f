"""Threads that take ranges of work one after the other, and can be stopped between two of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from threading import Event
from typing import Protocol, TypeVar

from fastcheck.errors import check_integer

Progress = Callable[[int, int], None]

# How often the waiting thread looks up, in seconds: the delay of a progress bar and of Ctrl-C.
_LOOK_UP = 0.05


@dataclass(frozen=True, slots=True)
class Range:
    """The elements ``start <= e < stop`` of one parameter."""

    name: str
    start: int
    stop: int

    @property
    def elements(self) -> int:
        """How many."""
        return self.stop - self.start


class Work(Protocol):
    """What a worker is given at a time."""

    @property
    def elements(self) -> int:
        """How many parameter elements it has."""


WorkItem = TypeVar("WorkItem", bound=Work)


def cut(
    sizes: Mapping[str, int], costs: Mapping[str, float], *, target: float, threads: int
) -> list[Range]:
    """Cut parameters into ranges of about equal cost.

    Parameters
    ----------
    sizes
        Elements per parameter.
    costs
        Cost of one element of each parameter, in any unit.
    target
        The most that a range should cost, in that unit; a range has at least one element.
    threads
        There are at least four ranges per thread where there are elements enough, so that none
        waits long for the last one.
    """
    total = sum(sizes[name] * costs[name] for name in sizes)
    most = min(target, total / (4 * threads))
    ranges = []
    for name, size in sizes.items():
        length = max(1, int(most / costs[name])) if costs[name] > 0 else max(1, size)
        pieces = ceil(size / length)
        bounds = [size * piece // pieces for piece in range(pieces + 1)] if pieces else []
        ranges += [Range(name, a, b) for a, b in pairwise(bounds)]
    return ranges


def usable_threads(threads: int | None) -> int:
    """Return the option ``threads``, by default the CPUs that this process may use.

    Raises
    ------
    InvalidArgument
        If it is below 1; InvalidType if it is no integer.
    """
    if threads is not None:
        remedy = "leave it out to use every CPU this process may use"
        return check_integer("threads", threads, minimum=1, remedy=remedy)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _nothing() -> None:
    """Do nothing."""


def work_through(
    ranges: Sequence[WorkItem],
    make_worker: Callable[[], Callable[[WorkItem], None]],
    *,
    threads: int,
    progress: Progress | None = None,
    meanwhile: Callable[[], object] = _nothing,
) -> None:
    """Let `threads` workers take ranges until none is left.

    Parameters
    ----------
    ranges
        The work.
    make_worker
        Called once in each thread; returns the function that does a range, with its own scratch.
    progress
        Called in the calling thread with (elements done, elements in all).
    meanwhile
        Called in the calling thread once the others have begun, before it works too.

    Raises
    ------
    KeyboardInterrupt
        As soon as the ranges under way are done.
    """
    stop = Event()
    todo = iter(ranges)
    done: list[int] = []
    total = sum(item.elements for item in ranges)

    def take(tell: Progress | None) -> None:
        try:
            worker = make_worker()
            # next() of a list's iterator is one step of the interpreter: no two threads get the
            # same range.
            for item in _until(stop, todo):
                worker(item)
                done.append(item.elements)
                if tell is not None:
                    tell(sum(done), total)
        except BaseException:
            # The others, the calling thread among them, end after the ranges under way.
            stop.set()
            raise

    if not ranges:
        meanwhile()
        return
    helpers = min(threads, len(ranges)) - 1
    with ThreadPoolExecutor(max(1, helpers), thread_name_prefix="fastcheck") as executor:
        try:
            pending = {executor.submit(take, None) for _ in range(helpers)}
            # The calling thread works too: the system starts a new thread on another CPU than that
            # of a thread that runs, but not always than that of one that is about to wait.
            meanwhile()
            take(progress)
            while pending:
                finished, pending = wait(pending, _LOOK_UP, FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(sum(done), total)
        finally:
            stop.set()


def _until(stop: Event, todo: Iterator[WorkItem]) -> Iterable[WorkItem]:
    while not stop.is_set():
        item = next(todo, None)
        if item is None:
            return
        yield item
