"""The side-by-side table: for a terminal, for the README, as JSON. It only renders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bench.competitors import REFERENCE
from bench.entrant import Entrant
from bench.machine import machine_line
from bench.timing import Timing, ratios

SCHEMA = "fastcheck.bench/1"

HEADINGS = ("what", "time", "times faster", "largest error", "note")
_NONE = "–"  # noqa: RUF001 - a dash, as printed tables have it


@dataclass(frozen=True, slots=True)
class Row:
    """One competitor: `error` is relative to the accurate gradient, None where it makes none.

    What was not run has no `seconds`, `median` or `ratio`; the note says why.
    """

    what: str
    seconds: tuple[float, ...]
    median: float | None
    ratio: float | None
    error: float | None
    threads: int
    note: str


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured, and where.

    Attributes
    ----------
    rows
        The table.
    cold_start
        Seconds by what was run, one number per round.
    cold_start_medians
        Their medians.
    batch, hidden, parameters, dtype, rounds
        Of the network, and of the timings.
    precision
        What the accurate gradient is worth.
    machine
        From `bench.machine.machine`, with BLAS pinned.
    """

    rows: tuple[Row, ...]
    cold_start: Mapping[str, tuple[float, ...]]
    cold_start_medians: Mapping[str, float]
    batch: int
    hidden: int
    parameters: int
    dtype: str
    rounds: int
    precision: str
    machine: dict[str, Any]


def rows_of(entrants: Mapping[str, Entrant], timings: Mapping[str, Timing]) -> tuple[Row, ...]:
    """Put timings, ratios to the reference loop, errors and notes together."""
    faster = ratios(timings, REFERENCE)
    return tuple(
        Row(
            what=name,
            seconds=timing.seconds,
            median=timing.median,
            ratio=faster[name],
            error=entrants[name].error(timing.result),
            threads=entrants[name].threads,
            note=_note(entrants[name], timing),
        )
        for name, timing in timings.items()
    )


def _note(entrant: Entrant, timing: Timing) -> str:
    note = entrant.note(timing.result)
    return f"once; {note}" if entrant.turns == 1 else note


def renderable(measured: Measured) -> RenderableType:
    """Return the table and the lines below it for rich to print."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        right = heading in HEADINGS[1:4]
        table.add_column(heading, justify="right" if right else "left", no_wrap=right)
    for row in measured.rows:
        table.add_row(*map(Text, _cells(row)))
    return Group(table, Text(), *map(Text, _below(measured)))


def markdown(measured: Measured) -> str:
    """Return the table and the lines below it for GitHub."""
    lines = [
        _markdown_row(HEADINGS),
        "|---|---:|---:|---:|---|",
        *(_markdown_row(_cells(row)) for row in measured.rows),
        "",
        "  \n".join(_below(measured)),  # two spaces break the line
    ]
    return "\n".join(lines)


def as_json(measured: Measured) -> str:
    """Return everything as JSON text."""
    return json.dumps({"schema": SCHEMA, **asdict(measured)}, indent=2) + "\n"


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    return (
        row.what,
        _NONE if row.median is None else duration(row.median),
        _NONE if row.ratio is None else times(row.ratio),
        _NONE if row.error is None else f"{row.error:.1e}",
        row.note,
    )


def _below(measured: Measured) -> list[str]:
    rounds = f"{measured.rounds} interleaved round{'s' if measured.rounds != 1 else ''}"
    network = f"784-{measured.hidden}-10, {measured.parameters:,} parameters, {measured.dtype}"
    starts = "; ".join(
        f"{what}: {duration(seconds)}" for what, seconds in measured.cold_start_medians.items()
    )
    turns = f'medians of {rounds}, ratios within a round; "once": in the first round only'
    error = "max |g - accurate| / max |accurate| of the worst parameter"
    return [
        f"{network}, batch {measured.batch}; {turns}.",
        f"Largest error: {error}; {measured.precision}.",
        f"Cold start, whole processes: {starts}.",
        f"Machine: {machine_line(measured.machine)}.",
    ]


def duration(seconds: float) -> str:
    """Return three digits in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def times(ratio: float) -> str:
    """Return a ratio as "3.6 ×"."""
    return f"{ratio:,.0f} ×" if ratio >= 99.95 else f"{ratio:.1f} ×"


def _three_digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
