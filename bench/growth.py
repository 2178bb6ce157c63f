"""How the time grows with the batch and with the hidden units of the classic network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import fastcheck
from bench.cases import Sizes, classic
from bench.musts import Must
from bench.quantities import duration, medians_of
from bench.section import Section, Tell
from bench.timing import Competitor, Timing, interleaved

ROUNDS = 7
BATCHES = (50, 100, 200, 400)
HIDDEN = (25, 50, 100, 200)

ALLOWED = 1.2  # times linear

_CALLS = 5  # in a turn

Times = Mapping[Sizes, float]


def measure(
    *,
    tell: Tell,
    rounds: int | None = None,
    batches: Sequence[int] = BATCHES,
    hidden: Sequence[int] = HIDDEN,
) -> Section:
    """Time the numerical gradient of the Program, with 2 threads, for all pairs of sizes.

    Parameters
    ----------
    rounds
        In each, every pair has one turn.
    batches, hidden
        Rising.
    """
    rounds = rounds or ROUNDS
    grid = [Sizes(batch, units) for batch in batches for units in hidden]
    timings = interleaved([competitor(sizes) for sizes in grid], rounds=rounds, tell=tell)
    return section({sizes: timings[_name(sizes)] for sizes in grid}, rounds=rounds)


def competitor(sizes: Sizes) -> Competitor:
    """Return the numerical gradient of a classic network of that size."""
    program = fastcheck.record(*classic(sizes))
    run = partial(fastcheck.numerical_gradient, program, threads=2)
    return Competitor(name=_name(sizes), run=run, warm_up=run, calls=_CALLS)


def section(timings: Mapping[Sizes, Timing], *, rounds: int) -> Section:
    """Return the table of these times."""
    medians = {sizes: timing.median or 0.0 for sizes, timing in timings.items()}
    least = {sizes: timing.minimum or 0.0 for sizes, timing in timings.items()}
    batches = sorted({sizes.batch for sizes in timings})
    hidden = sorted({sizes.hidden for sizes in timings})
    growth = {
        "batch": _worst_in_batch(medians, batches, hidden),
        "hidden units": _worst_in_hidden(medians, batches, hidden),
    }
    by_least = {
        "batch": _worst_in_batch(least, batches, hidden),
        "hidden units": _worst_in_hidden(least, batches, hidden),
    }
    return Section(
        title="Growth: numerical gradient of the classic network as a Program, 2 threads",
        headings=("batch", *(f"{units} hidden" for units in hidden)),
        rows=tuple(
            (str(batch), *(duration(medians[Sizes(batch, units)]) for units in hidden))
            for batch in batches
        ),
        below=(
            f"{medians_of(rounds)}.",
            "Growth is the worst of all doublings and of the whole range, 1 being linear.",
        ),
        musts=tuple(
            Must(
                what=f"growth with the {what}",
                measured=value,
                by_least=by_least[what],
                limit=ALLOWED,
                unit="factor",
            )
            for what, value in growth.items()
        ),
        data={
            "rounds": rounds,
            "times": [
                {
                    "batch": sizes.batch,
                    "hidden": sizes.hidden,
                    "seconds": list(timing.seconds),
                    "least": least[sizes],
                }
                for sizes, timing in timings.items()
            ],
            "growth": growth,
            "growth_by_least": by_least,
        },
    )


def beyond_linear(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the largest growth of time over growth of size, of each step and of the whole."""
    ends = [*pairwise(zip(sizes, seconds, strict=True))]
    ends.append(((sizes[0], seconds[0]), (sizes[-1], seconds[-1])))
    return max((late / early) / (large / small) for (small, early), (large, late) in ends)


def _worst_in_batch(times: Times, batches: list[int], hidden: list[int]) -> float:
    return max(
        beyond_linear(batches, [times[Sizes(batch, units)] for batch in batches])
        for units in hidden
    )


def _worst_in_hidden(times: Times, batches: list[int], hidden: list[int]) -> float:
    return max(
        beyond_linear(hidden, [times[Sizes(batch, units)] for units in hidden]) for batch in batches
    )


def _name(sizes: Sizes) -> str:
    return f"batch {sizes.batch}, hidden {sizes.hidden}"
