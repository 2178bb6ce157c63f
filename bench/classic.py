"""The classic network: engines and peers side by side, ratios to the reference loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from bench import competitors
from bench.accurate import precision
from bench.cases import Case, Sizes
from bench.competitors import REFERENCE, entrants
from bench.entrant import Entrant
from bench.musts import Must
from bench.quantities import NONE, duration, error, medians_of, times
from bench.section import Section, Tell
from bench.timing import Timing, interleaved, ratios

ROUNDS = 3

HEADINGS = ("what", "time", "least", "times faster", "largest error", "note")

# Row: must, goal.
_SPEEDS = {
    competitors.PROGRAM: (1500.0, 5000.0),
    competitors.BARE: (800.0, 1500.0),
    competitors.EXAMPLE: (300.0, 1500.0),
}
_EVERYTHING = "gradcheck with everything: 4 gradients of the Program, 60 losses and 10 ms"


@dataclass(frozen=True, slots=True)
class Row:
    """One competitor: `error` is relative to the accurate gradient, None where it makes none.

    What was not run has no times and no `ratio`; the note says why.
    """

    what: str
    seconds: tuple[float, ...]
    median: float | None
    least: float | None
    ratio: float | None
    error: float | None
    threads: int
    note: str


def measure(
    *, tell: Tell, rounds: int | None = None, batch: int = 100, hidden: int = 50
) -> Section:
    """Time everyone.

    Parameters
    ----------
    rounds
        In each, every competitor has one turn; the slow ones only in the first.
    batch, hidden
        Of the network.
    """
    rounds = rounds or ROUNDS
    everyone = entrants(Sizes(batch, hidden))
    timings = interleaved(tuple(everyone.values()), rounds=rounds, tell=tell)
    return section(rows_of(everyone, timings), everyone[REFERENCE].case, rounds=rounds)


def rows_of(entrants: Mapping[str, Entrant], timings: Mapping[str, Timing]) -> tuple[Row, ...]:
    """Put timings, ratios to the reference loop, errors and notes together."""
    faster = ratios(timings, REFERENCE)
    return tuple(
        Row(
            what=name,
            seconds=timing.seconds,
            median=timing.median,
            least=timing.minimum,
            ratio=faster[name],
            error=entrants[name].error(timing.result),
            threads=entrants[name].threads,
            note=_note(entrants[name], timing),
        )
        for name, timing in timings.items()
    )


def section(rows: tuple[Row, ...], case: Case, *, rounds: int) -> Section:
    """Return the table of these rows, and what they had to reach."""
    batch = len(case.x)
    hidden = case.model.params["b1"].size
    return Section(
        title=f"Classic network 784-{hidden}-10, {case.parameters:,} parameters, {case.dtype}, "
        f"batch {batch}",
        headings=HEADINGS,
        rows=tuple(map(_cells, rows)),
        below=(
            (
                f"{medians_of(rounds)}, least of all calls, ratios within a round; "
                '"once": in the first round only. fastcheck with 2 threads, BLAS with one.'
            ),
            (
                "Largest error: max |g - accurate| / max |accurate| of the worst parameter; "
                f"{precision()}."
            ),
        ),
        musts=_musts({row.what: row for row in rows}),
        data={
            "batch": batch,
            "hidden": hidden,
            "parameters": case.parameters,
            "dtype": case.dtype,
            "rounds": rounds,
            "precision": precision(),
            "rows": [asdict(row) for row in rows],
        },
    )


def budget(program: float, loss: float) -> float:
    """Return what a whole gradcheck may take, in seconds.

    Parameters
    ----------
    program
        The numerical gradient of the Program, in seconds.
    loss
        One evaluation of the loss, in seconds.
    """
    return 4 * program + 60 * loss + 0.010


def _musts(rows: Mapping[str, Row]) -> tuple[Must, ...]:
    musts = [
        Must(
            what=f"{name}, against the {REFERENCE}",
            measured=ratio,
            by_least=_by_least(rows[REFERENCE], rows[name]),
            limit=limit,
            goal=goal,
            unit="speed",
            at_least=True,
        )
        for name, (limit, goal) in _SPEEDS.items()
        if (ratio := rows[name].ratio) is not None
    ]
    chosen = [rows[competitors.PROGRAM], rows[competitors.LOSS], rows[competitors.GRADCHECK]]
    medians = [row.median for row in chosen if row.median is not None]
    least = [row.least for row in chosen if row.least is not None]
    if len(medians) == len(least) == len(chosen):
        musts += [
            Must(what=what, measured=gradcheck, limit=budget(program, loss), unit="seconds")
            for what, (program, loss, gradcheck) in (
                (_EVERYTHING, medians),
                ("the same, by the least times", least),
            )
        ]
    return tuple(musts)


def _by_least(reference: Row, row: Row) -> float | None:
    return reference.least / row.least if reference.least and row.least else None


def _note(entrant: Entrant, timing: Timing) -> str:
    note = entrant.note(timing.result)
    return f"once; {note}" if entrant.turns == 1 else note


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        NONE if row.median is None else duration(row.median),
        NONE if row.least is None else duration(row.least),
        NONE if row.ratio is None else times(row.ratio),
        NONE if row.error is None else error(row.error),
        row.note,
    )
