import os
import re
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.engine.workers import Range, cut, usable_threads, work_through
from fastcheck.errors import InvalidArgument, InvalidType

works = st.lists(st.tuples(st.integers(0, 300), st.just(0.0) | st.floats(1e-3, 1e6)), max_size=6)


@given(works, st.floats(1e-3, 1e7), st.integers(1, 16))
def test_every_element_once_in_order_and_none_too_dear(work, target, threads):
    sizes = {f"p{n}": size for n, (size, _) in enumerate(work)}
    costs = {f"p{n}": cost for n, (_, cost) in enumerate(work)}
    ranges = cut(sizes, costs, target=target, threads=threads)
    elements = [(item.name, e) for item in ranges for e in range(item.start, item.stop)]
    assert elements == [(name, e) for name, size in sizes.items() for e in range(size)]
    share = sum(sizes[name] * costs[name] for name in sizes) / (4 * threads)
    for item in ranges:
        length = item.stop - item.start
        assert length >= 1
        assert length == 1 or length * costs[item.name] <= min(target, share) * (1 + 1e-9)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6), st.integers(1, 16))
def test_four_ranges_per_thread_or_one_per_element(sizes, threads):
    named = {f"p{n}": size for n, size in enumerate(sizes)}
    ranges = cut(named, dict.fromkeys(named, 7.0), target=1e300, threads=threads)
    assert len(ranges) >= min(4 * threads, sum(sizes))
    # Nor does each become a range of its own for no reason.
    assert len(ranges) <= 2 * 4 * threads + len(sizes) or len(ranges) == sum(sizes)


def test_pieces_are_of_about_the_same_length():
    ranges = cut({"W": 10}, {"W": 1.0}, target=4.0, threads=1)
    assert ranges == [Range("W", a, b) for a, b in ((0, 2), (2, 4), (4, 6), (6, 8), (8, 10))]
    ranges = cut({"W": 10, "b": 3}, {"W": 1.0, "b": 50.0}, target=4.0, threads=1)
    assert [item.stop - item.start for item in ranges] == [3, 3, 4, 1, 1, 1]


def test_where_an_element_costs_nothing_there_is_one_range():
    assert cut({"W": 10, "b": 0}, {"W": 0.0, "b": 0.0}, target=1.0, threads=4) == [
        Range("W", 0, 10)
    ]
    assert cut({}, {}, target=1.0, threads=4) == []


def test_threads_by_default_are_the_cpus_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 4, 5}, raising=False)
    assert usable_threads(None) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_threads(None) == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_threads(None) == 1
    assert usable_threads(7) == 7


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, InvalidArgument), (-2, InvalidArgument), (1.5, InvalidType), ("2", InvalidType)],
)
def test_what_is_no_number_of_threads(threads, error):
    message = (
        f"threads={threads!r} must be an integer >= 1; "
        "leave it out to use every CPU this process may use"
    )
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        usable_threads(threads)


RANGES = [Range("W", 3 * n, 3 * n + 3) for n in range(40)]


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
def test_each_range_is_taken_once(threads):
    taken = []
    work_through(RANGES, lambda: taken.append, threads=threads)
    assert sorted(taken, key=lambda item: item.start) == RANGES


def test_each_thread_makes_its_own_worker():
    makers, users = [], []
    together = threading.Barrier(3)

    def make():
        makers.append(threading.get_ident())
        together.wait(10)  # or one thread could do all the work before the others come
        return lambda item: users.append((makers[-1], threading.get_ident()))

    work_through(RANGES, make, threads=3)
    assert len(makers) == len(set(makers)) == 3
    assert threading.get_ident() in makers  # the calling thread works too
    assert {user for _, user in users} <= set(makers)


def test_no_more_threads_than_ranges():
    made = []

    def make():
        made.append(None)
        return lambda item: None

    work_through(RANGES[:2], make, threads=8)
    assert len(made) == 2
    work_through([], make, threads=8)
    assert len(made) == 2


def test_progress_comes_in_the_calling_thread_and_ends_at_the_total():
    told, tellers = [], set()

    def progress(done, total):
        told.append((done, total))
        tellers.add(threading.get_ident())

    work_through(RANGES, lambda: lambda item: time.sleep(0.01), threads=2, progress=progress)
    assert told[-1] == (120, 120)
    assert told == sorted(told)
    assert len(told) >= 2
    assert {total for _, total in told} == {120}
    assert tellers == {threading.get_ident()}


@pytest.mark.parametrize(("threads", "by_caller"), [(1, True), (3, True), (3, False)])
def test_an_error_in_a_worker_comes_home_and_stops_the_others(threads, by_caller):
    taken = []
    caller = threading.get_ident()

    def work(item):
        taken.append(item)
        if len(taken) >= 5 and (threading.get_ident() == caller) == by_caller:
            raise ZeroDivisionError("the fifth or a little later")
        time.sleep(0.005)

    with pytest.raises(ZeroDivisionError, match="the fifth"):
        work_through(RANGES * 20, lambda: work, threads=threads)
    assert len(taken) < len(RANGES)


def test_an_error_in_making_a_worker_comes_home():
    def make():
        raise MemoryError("no room for another copy")

    with pytest.raises(MemoryError, match="no room"):
        work_through(RANGES, make, threads=2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_stops_soon_and_nothing_runs_afterwards(error):
    taken = []

    def work(item):
        taken.append(item)
        time.sleep(0.01)

    def progress(done, total):
        raise error

    began = time.monotonic()
    with pytest.raises(error):
        work_through(RANGES * 100, lambda: work, threads=2, progress=progress)
    assert time.monotonic() - began < 5  # all of them take 20 s
    count = len(taken)
    assert count < len(RANGES) * 10
    time.sleep(0.05)
    assert len(taken) == count
    assert not [t for t in threading.enumerate() if t.name.startswith("fastcheck")]


@pytest.mark.parametrize("ranges", [[], [Range("W", 0, 3), Range("W", 3, 5)]])
def test_the_calling_thread_does_something_of_its_own_first(ranges):
    seen, done = [], []
    work_through(
        ranges,
        lambda: done.append,
        threads=2,
        meanwhile=lambda: seen.append(threading.current_thread()),
    )
    assert seen == [threading.main_thread()]
    assert sorted(item.start for item in done) == [item.start for item in ranges]
