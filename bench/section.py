"""What each part of the benchmark hands over to be shown: a table, lines, requirements, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.musts import Must

# How `measure` says what is about to run.
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part, measured.

    Attributes
    ----------
    title
        What was measured.
    headings
        Of the columns.
    words
        Those of columns that are words, beside the first; the others are numbers.
    rows
        The cells.
    below
        Lines below the table.
    musts
        The requirements, with what was reached.
    data
        Everything measured, as plain data.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[str, ...] = ("note",)
    below: tuple[str, ...] = ()
    musts: tuple[Must, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def is_number(self, column: int) -> bool:
        """Whether a column is set flush right."""
        return column > 0 and self.headings[column] not in self.words
