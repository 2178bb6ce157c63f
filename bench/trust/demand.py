"""What the tables have to reach, where it is a count or a share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.musts import Must
from bench.quantities import error

_WORDS: Mapping[str, Callable[[float], str]] = {
    "count": lambda value: f"{value:,.0f}",
    "share": lambda value: f"{100 * value:.3g} %",
    "error": error,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(Must):
    """A requirement in words of its own; `unit` is count, share or error."""

    def __str__(self) -> str:
        words = _WORDS[self.unit]
        limit = f"at {'least' if self.at_least else 'most'} {words(self.limit)}"
        return (
            f"must: {self.what} {limit}: {'met' if self.met else 'MISSED'} ({words(self.measured)})"
        )


def none_of(what: str, count: int) -> Demand:
    """Demand that there is none."""
    return Demand(what=what, measured=count, limit=0, unit="count")


def share_of(what: str, some: float, of: float, limit: float, *, at_least: bool = False) -> Demand:
    """Demand a share; of nothing it is kept."""
    kept = 1.0 if at_least else 0.0
    return Demand(
        what=what,
        measured=some / of if of else kept,
        limit=limit,
        unit="share",
        at_least=at_least,
    )


def percent(some: float, of: float) -> str:
    """Return a share in words."""
    return _WORDS["share"](some / of) if of else "-"
