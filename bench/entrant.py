"""A competitor on the classic network: what one row of the table, and one benchmark, is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.accurate import Gradient
from bench.cases import Case
from bench.timing import Competitor


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant(Competitor):
    """A competitor on the classic network.

    Attributes
    ----------
    case
        The network.
    threads
        Of the competitor's own; BLAS has one.
    note
        A few words on what was run, from what it returned.
    gradient
        The gradient in what `run` returns, None where there is none.
    """

    case: Case
    threads: int
    note: Callable[[Any], str]
    gradient: Callable[[Any], Gradient | None]

    def error(self, result: Any) -> float | None:
        """Return the largest error of what `run` returned."""
        gradient = self.gradient(result)
        return None if gradient is None else self.case.error(gradient)


def absent(name: str, case: Case, error: ImportError) -> Entrant:
    """Return an entrant that takes no turn: its row says what is missing."""
    return Entrant(
        name=name,
        run=_nothing,
        warm_up=_nothing,
        turns=0,
        case=case,
        threads=0,
        note=lambda _: f"not run ({error}); pip install '.[bench]'",
        gradient=no_gradient,
    )


def itself(result: Any) -> Any:
    """Return what `run` returned: it is the gradient."""
    return result


def no_gradient(_: Any) -> None:
    """Return None: there is no gradient in what `run` returned."""


def _nothing() -> None:
    pass
