"""Interleaved rounds: on a noisy machine all competitors suffer the same noise.

In every round each competitor has one turn, in the same order, so a ratio compares two turns that
are close in time; the median over the rounds drops the round in which something else was running.
What takes too long for that has its turn in the first round only. What is short is called several
times in a turn, and the turn's time is the median of them; the least time of all calls, that of
the one disturbed least, is kept as well.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

from threadpoolctl import threadpool_limits

from bench.section import Tell

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Competitor:
    """What is timed.

    Attributes
    ----------
    name
        Its key in the results.
    run
        Called without arguments.
    warm_up
        Called once before the first round, not timed: compiles, fills caches.
    calls
        Of `run` in one turn, for what is so short that one call says little.
    turns
        How many of the rounds it takes part in, the first ones; None: all. 1 for what takes tens of
        seconds, 0 for what cannot be run here.
    """

    name: str
    run: Callable[[], Any]
    warm_up: Callable[[], object]
    calls: int = 1
    turns: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of a call, and what the last one returned; None if there was none.

    Attributes
    ----------
    seconds
        One number per turn, the median of its calls.
    result
        Of the last call.
    least
        Of the fastest call of all; None: the least of `seconds`.
    """

    seconds: tuple[float, ...]
    result: Any
    least: float | None = None

    @property
    def median(self) -> float | None:
        """The median over the turns, in seconds; None if there was none."""
        return median(self.seconds) if self.seconds else None

    @property
    def minimum(self) -> float | None:
        """The fastest call, in seconds; None if there was none."""
        return self.least if self.least is not None else min(self.seconds, default=None)


def one_blas_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS uses one thread, whatever the environment says."""
    limits: AbstractContextManager[object] = threadpool_limits(1, "blas")
    return limits


def interleaved(
    competitors: Sequence[Competitor],
    *,
    rounds: int,
    clock: Clock = perf_counter,
    tell: Tell = lambda _: None,
) -> dict[str, Timing]:
    """Time all competitors, with one BLAS thread.

    Parameters
    ----------
    competitors
        In the order of their turns; names differ.
    rounds
        How often each has its turn, unless its `turns` are fewer.
    clock
        Returns seconds.
    tell
        Called with what is about to run.
    """
    seconds: dict[str, list[float]] = {competitor.name: [] for competitor in competitors}
    least: dict[str, float] = {}
    results: dict[str, Any] = {}
    with one_blas_thread():
        for competitor in _taking_turns(competitors, 1):
            tell(f"warming up: {competitor.name}")
            competitor.warm_up()
        for number in range(1, rounds + 1):
            for competitor in _taking_turns(competitors, number):
                tell(f"round {number} of {rounds}: {competitor.name}")
                gc.collect()  # what the others left behind is not this one's to clear
                taken = []
                for _ in range(competitor.calls):
                    began = clock()
                    result = competitor.run()
                    taken.append(clock() - began)
                name = competitor.name
                seconds[name].append(median(taken))
                least[name] = min(*taken, least.get(name, taken[0]))
                results[name] = result
    return {
        name: Timing(tuple(turns), results.get(name), least.get(name))
        for name, turns in seconds.items()
    }


def _taking_turns(competitors: Sequence[Competitor], number: int) -> list[Competitor]:
    return [one for one in competitors if one.turns is None or number <= one.turns]


def ratios(timings: Mapping[str, Timing], reference: str) -> dict[str, float | None]:
    """Return how many times faster than `reference` each is, None for what took no turn.

    The median of the ratios of the rounds in which both had a turn.
    """
    baseline = timings[reference].seconds
    return {name: _ratio(baseline, timing.seconds) for name, timing in timings.items()}


def _ratio(slow: Sequence[float], fast: Sequence[float]) -> float | None:
    # Turns are those of the first rounds, so the shorter list pairs with the start of the longer.
    rounds = [a / b for a, b in zip(slow, fast, strict=False)]
    return median(rounds) if rounds else None
