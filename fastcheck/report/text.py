"""The report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from fastcheck.report.model import Entry, ParameterReport, Report

COLOURS = {
    "pass": "green",
    "kink": "green",
    "approximate": "yellow",
    "fail": "bold red",
    "inconclusive": "magenta",
}
# Wide enough for one parameter a line.
_WIDTH = 110
_WORST = 5


def plain_text(report: Report) -> str:
    """Return the report as text without colours."""
    out = StringIO()
    Console(file=out, width=_WIDTH, color_system=None, legacy_windows=False).print(
        renderable(report)
    )
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n"))


def renderable(report: Report) -> RenderableType:
    """Return the report for rich to print."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    yield _table(report)
    yield _entries("worst of each", _worst_of_each(report), report.second_opinion)
    if report.second_opinion is not None:
        yield _second_opinion(report)
    yield Text(_summary(report))
    yield Text(_timing(report))
    for note in report.notes:
        yield Text(f"note: {note}", style="yellow")
    for finding in report.findings:
        about = f"{finding.parameter}: " if finding.parameter else ""
        yield Text(f"finding: {about}{finding.message}", style="red")
    unsettled = [
        entry for entry in report.worst(_WORST) if entry.verdict in ("fail", "inconclusive")
    ]
    if unsettled:
        yield _entries("worst of all", unsettled, report.second_opinion)
    yield _verdict(report)


def _table(report: Report) -> Table:
    table = _plain_table()
    table.add_column("parameter", overflow="fold")
    table.add_column("shape", no_wrap=True)
    for heading in ("mean diff", "max diff", "max rel"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for item in report.params.values():
        table.add_row(
            item.name,
            "x".join(map(str, item.shape)) or "scalar",
            f"{item.mean_abs_error:.2e}",
            f"{item.max_abs_error:.2e}",
            f"{item.max_rel_error:.1e}",
            _counted(item),
        )
    return table


def _counted(item: ParameterReport) -> Text:
    text = Text(item.verdict, style=COLOURS[item.verdict])
    details = [f"{count:,} {name}" for name, count in item.counts.items() if count]
    text.append(f" ({', '.join(details) or 'empty'})", style="dim")
    return text


def _worst_of_each(report: Report) -> list[Entry]:
    return [entry for item in report.params.values() for entry in item.worst(1)]


def _entries(title: str, entries: list[Entry], opinion: str | None) -> Table:
    table = _plain_table()
    table.add_column(title, overflow="fold")
    # With a third number, the bound no longer fits a line of 80 characters.
    last = [opinion, "error"] if opinion else ["error", "bound"]
    for heading in ("backprop", "numerical", *last):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for entry in entries:
        error, bound = f"{entry.error:.1e}", f"{entry.bound:.1e}"
        third = f"{entry.second_opinion:.7e}" if entry.second_opinion is not None else ""
        table.add_row(
            f"{entry.name}[{', '.join(map(str, entry.index))}]",
            f"{entry.analytic:.7e}",
            f"{entry.numerical:.7e}",
            *((third, error) if opinion else (error, bound)),
            Text(entry.verdict, style=COLOURS[entry.verdict]),
        )
    return table


def _second_opinion(report: Report) -> Table:
    """Return how far backprop and the differences lie from the other library, per parameter."""
    table = _plain_table()
    table.add_column(f"second opinion: {report.second_opinion}", no_wrap=True)
    for heading in ("largest |g|", "backprop off by", "numerical off by"):
        table.add_column(heading, justify="right", no_wrap=True)
    for item in report.params.values():
        if item.second_opinion is not None:
            other = item.second_opinion
            distances = (other, item.analytic - other, item.numerical - other)
            table.add_row(item.name, *(f"{_largest(array):.1e}" for array in distances))
    return table


def _largest(array: NDArray[Any]) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def _plain_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _summary(report: Report) -> str:
    accuracy = "" if report.accuracy is None else f", accuracy {report.accuracy:.1%}"
    return f"loss {report.loss:.6f}{accuracy}, batch {report.batch}"


def _timing(report: Report) -> str:
    threads = f"{report.threads} thread{'s' if report.threads != 1 else ''}"
    scheme = "" if report.scheme == "central" else f"scheme {report.scheme}, "
    return (
        f"engine {report.engine}, {scheme}step {report.step:.3g}, {threads}\n"
        f"{report.size:,} parameters in {report.engine_seconds:.3g} s, "
        f"{report.parameters_per_second:,.0f} per second\n"
        f"{report.seconds:.3g} s in all: {report.record_seconds:.2g} s recording, "
        f"{report.setup_seconds:.2g} s for kernels and proof"
    )


_SENTENCES = {
    "pass": "PASS: backprop and numerical gradient agree for every one of {size:,} parameters",
    "approximate": "APPROXIMATE: close, but systematically beyond the bound",
    "fail": "FAIL: {failed:,} of {size:,} parameters have a wrong gradient",
    "inconclusive": (
        "INCONCLUSIVE: {undecided:,} of {size:,} parameters could not be judged, none is wrong"
    ),
}


def _verdict(report: Report) -> Text:
    counts = [item.counts for item in report.params.values()]
    sentence = _SENTENCES[report.verdict].format(
        size=report.size,
        failed=sum(count["fail"] for count in counts),
        undecided=sum(count["inconclusive"] for count in counts),
    )
    kinks = sum(count["kink"] for count in counts)
    if kinks:
        sentence += (
            f"\n      ({kinks:,} at a kink of the loss, between the slopes of its two sides)"
        )
    return Text(sentence, style=COLOURS[report.verdict])
