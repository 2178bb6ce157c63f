"""What has to be reached, beside what was."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.quantities import duration, error, factor, megabytes, times

_WORDS: Mapping[str, Callable[[float], str]] = {
    "speed": times,
    "factor": factor,
    "seconds": duration,
    "error": error,
    "bytes": megabytes,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """One requirement.

    Attributes
    ----------
    what
        Of what.
    measured
        What was reached; nan counts as missed.
    limit
        What has to be reached at least, where `at_least`, else at most.
    unit
        A key of the words in which it is printed: speed, factor, seconds, error, bytes.
    at_least
        The direction.
    goal
        What would be better still.
    by_least
        What was reached by the least times instead of the medians, for the eye only: on a machine
        that is shared, what is nearest to undisturbed.
    """

    what: str
    measured: float
    limit: float
    unit: str
    at_least: bool = False
    goal: float | None = None
    by_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        if math.isnan(self.measured):
            return False
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        words = _WORDS[self.unit]
        goal = "" if self.goal is None else f", goal {words(self.goal)}"
        least = "" if self.by_least is None else f", by the least times {words(self.by_least)}"
        return (
            f"{'met' if self.met else 'MISSED'}: {self.what}: {words(self.measured)}{least} "
            f"(must be at {'least' if self.at_least else 'most'} {words(self.limit)}{goal})"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "what": self.what,
            "measured": self.measured,
            "limit": self.limit,
            "unit": self.unit,
            "at_least": self.at_least,
            "goal": self.goal,
            "by_least": self.by_least,
            "met": self.met,
        }
