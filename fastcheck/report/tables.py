"""The tables of a report, laid out so that no number is cropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from fastcheck.report.model import Report
from fastcheck.report.parameter import Entry, ParameterReport

COLOURS = {
    "pass": "green",
    "kink": "green",
    "approximate": "yellow",
    "fail": "bold red",
    "inconclusive": "magenta",
}
_GAP = 2
# Below such widths the table of parameters has fewer figures.
_ALL_FIGURES, _TWO_FIGURES = 72, 56
_DIGITS = range(7, 1, -1)
# How wide the names may be and how many numbers stand after the gradients, the best layout first;
# "(pixel 14, 13)" needs 14.
_LAYOUTS = ((10**6, 2), (14, 2), (14, 1), (8, 1))
# A bound below it stands for zero: room for underflow at an element that nothing moves.
_TINY = 1e-200


def parameters_table(items: Sequence[ParameterReport], width: int) -> Table:
    """Return a line for each parameter: how far the two gradients are apart, and the verdict."""
    headings = ["mean diff", "max diff", "max rel"]
    shown = headings[0 if width >= _ALL_FIGURES else 1 : 3 if width >= _TWO_FIGURES else 2]
    table = _plain_table()
    table.add_column("parameter", overflow="fold")
    table.add_column("shape", overflow="fold")
    for heading in shown:
        table.add_column(heading, justify="right", no_wrap=True)
    least = max(len(item.verdict) for item in items)
    table.add_column("verdict", min_width=least, overflow="fold")
    for item in items:
        figures = {
            "mean diff": f"{item.mean_abs_error:.2e}",
            "max diff": f"{item.max_abs_error:.2e}",
            "max rel": f"{item.max_rel_error:.1e}",
        }
        shape = "x".join(map(str, item.shape)) or "scalar"
        table.add_row(item.name, shape, *(figures[name] for name in shown), _counted(item))
    return table


def entries_table(
    title: str, entries: Sequence[Entry], opinion: str | None, *, width: int, exact: bool
) -> Table:
    """Return a line for each element, with as many digits as the width allows.

    Parameters
    ----------
    title
        Heads the first column.
    entries
        The elements, in this order.
    opinion
        The library that was asked too, None where none was.
    width
        Of the terminal, in characters.
    exact
        Whether a bound that stands for zero is written out.
    """
    for headings, rows, longest in _layouts(title, entries, opinion, exact=exact):
        widths = [max(map(len, cells)) for cells in zip(headings, *rows, strict=True)]
        widths[0] = min(widths[0], longest)
        fits = sum(widths) + _GAP * (len(widths) - 1) <= width
        if fits:
            break
    table = _plain_table()
    table.add_column(title, overflow="fold")
    for heading in headings[1:-1]:
        table.add_column(heading, justify="right", no_wrap=fits, overflow="fold")
    table.add_column(headings[-1], no_wrap=fits, overflow="fold")
    for row in rows:
        table.add_row(*row[:-1], Text(row[-1], style=COLOURS[row[-1]]))
    return table


def opinion_table(report: Report, items: Sequence[ParameterReport]) -> Table:
    """Return how far backprop and the differences lie from the other library, per parameter."""
    table = _plain_table()
    table.add_column(f"second opinion: {report.second_opinion}", overflow="fold")
    for heading in ("largest |g|", "backprop off by", "numerical off by"):
        table.add_column(heading, justify="right", overflow="fold")
    for item in items:
        if item.second_opinion is not None:
            other = item.second_opinion
            distances = (other, item.analytic - other, item.numerical - other)
            table.add_row(item.name, *(f"{_largest(array):.1e}" for array in distances))
    return table


def _layouts(
    title: str, entries: Sequence[Entry], opinion: str | None, *, exact: bool
) -> Iterator[tuple[list[str], list[list[str]], int]]:
    """Yield headings, rows and how wide the names may be, the widest layout first."""
    # With a third number, the bound no longer fits a line of 80 characters.
    last = [opinion, "error"] if opinion else ["error", "bound"]
    for longest, length in _LAYOUTS:
        for digits in _DIGITS:
            headings = [title, "backprop", "numerical", *last[:length], "verdict"]
            rows = []
            for entry in entries:
                error, bound = f"{entry.error:.1e}", _bound(entry.bound, exact=exact)
                third = "" if entry.second_opinion is None else f"{entry.second_opinion:.{digits}e}"
                numbers = [third, error] if opinion else [error, bound]
                both = [f"{entry.analytic:.{digits}e}", f"{entry.numerical:.{digits}e}"]
                rows.append([entry.label, *both, *numbers[:length], entry.verdict])
            yield headings, rows, longest


def _bound(bound: float, *, exact: bool) -> str:
    return "0" if bound < _TINY and not exact else f"{bound:.1e}"


def _counted(item: ParameterReport) -> Text:
    text = Text(item.verdict, style=COLOURS[item.verdict])
    details = [f"{count:,} {name}" for name, count in item.counts.items() if count]
    text.append(f" ({', '.join(details) or 'empty'})", style="dim")
    return text


def _largest(array: NDArray[Any]) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def _plain_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")
