"""The report for a terminal: the worst on a screenful, or everything."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from fastcheck.report import lines
from fastcheck.report.model import Report
from fastcheck.report.parameter import Entry, ParameterReport, badness
from fastcheck.report.sentences import sentence, severe_first
from fastcheck.report.tables import COLOURS, entries_table, opinion_table, parameters_table

__all__ = ["COLOURS", "plain_text", "renderable"]

_WIDTH = 80
# Of 24 rows one is left for the prompt, one for what a command says before.
_ROWS = 22
# What even a verbose report lists of all elements.
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class _Limits:
    """How much is shown: of parameters, entries, findings, notes; of the timing all or nothing."""

    parameters: int = 6
    entries: int = 6
    findings: int = 4
    notes: int = 4
    timing: int = 1
    zeros: int = 1


_EVERYTHING = _Limits(*[sys.maxsize] * 6)
# What is given up, in this order, until the report fits: the limit and what it may come down to.
_GIVEN_UP = (
    ("entries", 4),
    ("findings", 2),
    ("notes", 2),
    ("timing", 0),
    ("entries", 3),
    ("zeros", 0),
    ("notes", 1),
    ("parameters", 3),
    ("findings", 1),
    ("notes", 0),
    ("entries", 1),
    ("parameters", 1),
)


@dataclass(frozen=True, slots=True)
class _Screen:
    """A report for rich, which tells how wide the terminal is."""

    report: Report
    verbose: bool

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if self.verbose:
            yield from _parts(self.report, _EVERYTHING, width)
            return
        parts: list[RenderableType] = []
        for limits in _narrower(_Limits()):
            parts = list(_parts(self.report, limits, width))
            if sum(len(console.render_lines(part, options)) for part in parts) <= _ROWS:
                break
        yield from parts


def plain_text(report: Report, *, verbose: bool = False) -> str:
    """Return the report as text without colours, 80 characters wide."""
    out = StringIO()
    console = Console(file=out, width=_WIDTH, color_system=None, legacy_windows=False)
    console.print(renderable(report, verbose=verbose))
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().split("\n"))


def renderable(report: Report, *, verbose: bool = False) -> RenderableType:
    """Return the report for rich to print.

    Parameters
    ----------
    report
        The report.
    verbose
        Everything; else the worst, and at most a screenful.
    """
    return _Screen(report, verbose)


def _narrower(limits: _Limits) -> Iterator[_Limits]:
    """Yield the limits, then ever narrower ones."""
    yield limits
    for name, least in _GIVEN_UP:
        for value in range(getattr(limits, name) - 1, least - 1, -1):
            limits = replace(limits, **{name: value})
            yield limits


def _parts(report: Report, limits: _Limits, width: int) -> Iterator[RenderableType]:
    verbose = limits is _EVERYTHING
    shown, others = _split(list(report.params.values()), limits.parameters)
    if shown:
        yield parameters_table(shown, width)
    if others:
        yield Text(lines.left_out(others))
    unsettled = report.unsettled(min(limits.entries, _LONGEST))
    if shown and (verbose or not unsettled):
        entries = _worst_of_each(report, shown, limits.entries)
        title = "worst of each" if len(entries) == len(report.params) else "worst"
        yield entries_table(title, entries, report.second_opinion, width=width, exact=verbose)
    if report.second_opinion is not None and (verbose or not unsettled):
        yield opinion_table(report, shown)
    yield Text(lines.summary(report))
    if shown:
        yield Text(lines.engine(report))
        if limits.timing:
            yield Text(lines.timing(report))
        yield Text(lines.resolved(report))
    zeros = lines.zeros(report, None if verbose else width)
    if zeros and limits.zeros:
        yield Text(zeros)
    yield from _notes(report.notes, limits.notes)
    if unsettled:
        yield entries_table(
            "worst of all", unsettled, report.second_opinion, width=width, exact=verbose
        )
    yield from _findings(report, limits.findings)
    yield from map(Text, lines.remarks(report))
    yield lines.verdict(report)


def _split(
    items: Sequence[ParameterReport], count: int
) -> tuple[list[ParameterReport], list[ParameterReport]]:
    """Return the worst parameters, and the others, both in the given order."""
    if len(items) <= count:
        return list(items), []
    worst = set(sorted(range(len(items)), key=lambda at: _badness(items[at]), reverse=True)[:count])
    return (
        [item for at, item in enumerate(items) if at in worst],
        [item for at, item in enumerate(items) if at not in worst],
    )


def _badness(item: ParameterReport) -> tuple[int, float]:
    order = ("pass", "approximate", "inconclusive", "fail")
    return order.index(item.verdict), max((badness(e)[1] for e in item.worst(1)), default=0.0)


def _worst_of_each(report: Report, items: Sequence[ParameterReport], count: int) -> list[Entry]:
    entries = [entry for item in items for entry in item.worst(1)]
    if len(entries) > count:
        least = sorted(entries, key=badness, reverse=True)[count:]
        entries = [entry for entry in entries if entry not in least]
    return report.with_pixels(entries)


def _notes(notes: Sequence[str], count: int) -> Iterator[Text]:
    for note in notes[:count]:
        yield Text(f"note: {note}", style="yellow")
    if len(notes) > count:
        yield Text(_more(len(notes) - count, "note"), style="yellow")


def _findings(report: Report, count: int) -> Iterator[Text]:
    findings = severe_first(report.findings)
    for finding in findings[:count]:
        style = "red" if finding.severe else "bold"
        yield Text(f"finding: {sentence(finding)}", style=style)
    if len(findings) > count:
        yield Text(_more(len(findings) - count, "finding"), style="red")


def _more(count: int, noun: str) -> str:
    return f"... and {count} more {noun}{'s' if count > 1 else ''}; verbose shows all"
