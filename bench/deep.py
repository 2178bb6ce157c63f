"""A deep network: against the reference loop at random parameters, threads, error, memory."""

from __future__ import annotations

from functools import partial
from typing import Any

import fastcheck
from bench.accurate import precision
from bench.cases import Case, deep_case
from bench.deep_network import ACTIVATIONS, BATCH, UNITS
from bench.musts import Must
from bench.process import Process, python
from bench.quantities import NONE, duration, error, medians_of, megabytes, times
from bench.sampled import Places, drawn, error_at, reference_at
from bench.section import Section, Tell
from bench.timing import Competitor, Timing, interleaved, ratios

ROUNDS = 5
SAMPLE = 1000  # parameters

LOOP = "reference loop"
TWO_THREADS = "fastcheck, 2 threads"
ONE_THREAD = "fastcheck, 1 thread"
CHECK = "fastcheck check, whole process"

HEADINGS = ("what", "time", "least", "times faster", "largest error", "peak memory")

ERROR = 1e-12  # that is allowed
_SPEED, _SPEED_GOAL, _THREADS, _MEMORY = 100.0, 400.0, 1.6, 500e6


def measure(
    *, tell: Tell, rounds: int | None = None, batch: int = BATCH, sample: int = SAMPLE
) -> Section:
    """Time the deep network.

    Parameters
    ----------
    rounds
        In each, every competitor has one turn.
    batch
        Digits.
    sample
        How many parameters the reference loop is timed on.
    """
    rounds = rounds or ROUNDS
    tell("accurate gradient of the deep network")
    case = deep_case(batch)
    places = drawn(case.model.params, sample)
    timings = interleaved(competitors(case, places), rounds=rounds, tell=tell)
    tell(CHECK)
    return section(case, places, timings, check_in_new_process(), rounds=rounds)


def competitors(case: Case, places: Places) -> tuple[Competitor, ...]:
    """Return the reference loop at some places, and the engine with two threads and with one."""
    program = fastcheck.record(case.model, case.x, case.t)
    loop = partial(reference_at, case.model, case.x, case.t, places)

    def engine(threads: int) -> Any:
        return partial(fastcheck.numerical_gradient, program, threads=threads)

    return (
        Competitor(name=LOOP, run=loop, warm_up=lambda: case.model.loss(case.x, case.t)),
        Competitor(name=TWO_THREADS, run=engine(2), warm_up=engine(2)),
        Competitor(name=ONE_THREAD, run=engine(1), warm_up=lambda: None),
    )


def check_in_new_process() -> Process:
    """Check the deep network by ``fastcheck check``."""
    return python(["-m", "fastcheck", "check", "bench.deep_network:build", "--threads", "2"])


def section(
    case: Case, places: Places, timings: dict[str, Timing], check: Process, *, rounds: int
) -> Section:
    """Return the table; the reference loop's time is extrapolated to all parameters."""
    sample = sum(flat.size for flat in places.values())
    scaled = {**timings, LOOP: _extrapolated(timings[LOOP], case.parameters / sample)}
    errors = {
        LOOP: error_at(timings[LOOP].result, case.accurate, places),
        TWO_THREADS: case.error(timings[TWO_THREADS].result),
        ONE_THREAD: case.error(timings[ONE_THREAD].result),
    }
    faster = ratios(scaled, LOOP)
    two, one = timings[TWO_THREADS], timings[ONE_THREAD]
    gained = ratios({"one": one, "two": two}, "one")["two"] or 0.0
    least = _least(one) / _least(two)
    return Section(
        title=f"Deep network {'-'.join(map(str, UNITS))} ({', '.join(ACTIVATIONS)}), "
        f"{case.parameters:,} parameters, batch {len(case.x)}",
        headings=HEADINGS,
        rows=(
            *(
                (
                    name if name != LOOP else f"{LOOP}, extrapolated from {sample:,} parameters",
                    duration(timing.median or 0.0),
                    duration(_least(timing)),
                    times(faster[name] or 0.0),
                    error(errors[name]),
                    NONE,
                )
                for name, timing in scaled.items()
            ),
            (
                CHECK,
                duration(check.seconds),
                duration(check.seconds),
                NONE,
                NONE,
                megabytes(check.peak_memory),
            ),
        ),
        below=(
            (
                f"{medians_of(rounds)}, ratios within a round; given as a Program; "
                "the whole process once."
            ),
            f"Error: as on the classic network; {precision()}.",
        ),
        musts=(
            Must(
                what=f"{TWO_THREADS}, against the {LOOP}",
                measured=faster[TWO_THREADS] or 0.0,
                by_least=_least(scaled[LOOP]) / _least(two),
                limit=_SPEED,
                goal=_SPEED_GOAL,
                unit="speed",
                at_least=True,
            ),
            Must(what="error", measured=errors[TWO_THREADS], limit=ERROR, unit="error"),
            Must(
                what="1 to 2 threads",
                measured=gained,
                by_least=least,
                limit=_THREADS,
                unit="factor",
                at_least=True,
            ),
            Must(
                what=f"{CHECK}, peak memory",
                measured=check.peak_memory,
                limit=_MEMORY,
                unit="bytes",
            ),
        ),
        data={
            "parameters": case.parameters,
            "batch": len(case.x),
            "sample": sample,
            "seconds": {name: list(timing.seconds) for name, timing in timings.items()},
            "extrapolated_seconds": list(scaled[LOOP].seconds),
            "errors": errors,
            "ratios": faster,
            "threads": {"median": gained, "least": least},
            "check": {
                "seconds": check.seconds,
                "processor_seconds": check.processor_seconds,
                "peak_memory": check.peak_memory,
            },
        },
    )


def _extrapolated(timing: Timing, factor: float) -> Timing:
    seconds = tuple(factor * taken for taken in timing.seconds)
    return Timing(seconds, timing.result, factor * _least(timing))


def _least(timing: Timing) -> float:
    return timing.minimum or 0.0
