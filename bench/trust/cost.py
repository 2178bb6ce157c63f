"""Table 7: what a whole gradcheck costs, beside the limit set for it."""

from __future__ import annotations

from bench import competitors
from bench.classic import budget
from bench.competitors import entrants
from bench.musts import Must
from bench.quantities import duration, medians_of
from bench.section import Section
from bench.timing import interleaved
from bench.trust.extent import Task

TIMED = (competitors.PROGRAM, competitors.LOSS, competitors.GRADCHECK)


def measure(task: Task) -> Section:
    """Time the Program's gradient, the loss and a gradcheck in turns."""
    everyone = entrants(task.extent.sizes)
    chosen = tuple(everyone[name] for name in TIMED)
    timings = interleaved(chosen, rounds=task.extent.rounds, tell=task.tell)
    nothing = float("nan")
    program, loss, gradcheck = (timings[name].median or nothing for name in TIMED)
    least = [timings[name].minimum or nothing for name in TIMED]
    limit, least_limit = budget(program, loss), budget(*least[:2])
    rows = [
        (name, duration(median), duration(lowest))
        for name, median, lowest in zip(TIMED, (program, loss, gradcheck), least, strict=True)
    ]
    rows.append(("limit: 4 gradients, 60 losses, 10 ms", duration(limit), duration(least_limit)))
    what = "gradcheck with everything"
    return Section(
        title=f"7. Cost: classic network, {chosen[0].case.parameters:,} parameters, 2 threads",
        headings=("what", "median", "least"),
        rows=tuple(rows),
        below=(f"{medians_of(task.extent.rounds)}, least of all calls.",),
        musts=(
            Must(what=what, measured=gradcheck, limit=limit, unit="seconds"),
            Must(
                what=f"{what}, by the least times",
                measured=least[2],
                limit=least_limit,
                unit="seconds",
            ),
        ),
        data={"program": program, "loss": loss, "gradcheck": gradcheck, "limit": limit},
    )
