"""What a check could have seen: the smallest relative errors, and the entries that say nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Resolution:
    """The smallest relative errors that would have failed, B/|g| over the entries with g != 0.

    Attributes
    ----------
    median, worst
        Of B/|g|; None where g is zero everywhere.
    unresolved
        How many entries have B > |g|: there even a gradient of zero, or twice as large, passes.
    entries
        How many entries have g != 0.
    """

    median: float | None
    worst: float | None
    unresolved: int
    entries: int

    @property
    def is_poor(self) -> bool:
        """Whether that is so for most of them."""
        return 2 * self.unresolved > self.entries


@dataclass(frozen=True, slots=True)
class Vacuity:
    """The entries of a parameter that are zero on both sides: agreement that says little.

    Attributes
    ----------
    entries
        How many.
    unused_inputs
        Whole rows of a weight (inputs by units): inputs that are always zero, or reach nothing.
    dead_units
        Whole columns of a weight, or elements of a bias: units that pass nothing on.
    no_effect
        The entries in neither.
    """

    entries: int
    unused_inputs: int
    dead_units: int
    no_effect: int


def relative_bounds(
    bound: NDArray[np.float64], numerical: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return B/|g|, 1-D, of the entries whose g is finite and not zero.

    Parameters
    ----------
    bound
        B: how far a correct gradient may lie from the numerical one.
    numerical
        g, of the same shape.
    """
    size = np.abs(numerical)
    told = np.isfinite(size) & (size > 0)
    # A bound that is not known is as good as none.
    known = np.where(np.isnan(bound), np.inf, bound)
    with np.errstate(over="ignore"):
        ratios: NDArray[np.float64] = known[told] / size[told]
    return ratios


def resolution(ratios: Iterable[NDArray[np.float64]]) -> Resolution:
    """Return the figures of some parameters.

    Parameters
    ----------
    ratios
        The `relative_bounds` of each.
    """
    every = np.concatenate([np.zeros(0), *ratios])
    if not every.size:
        return Resolution(median=None, worst=None, unresolved=0, entries=0)
    return Resolution(
        median=float(np.median(every)),
        worst=float(np.max(every)),
        unresolved=int(np.sum(every > 1)),
        entries=every.size,
    )


def vacuity(
    name: str,
    analytic: NDArray[Any],
    numerical: NDArray[np.float64],
    *,
    units_last: bool = True,
) -> Vacuity:
    """Return how many entries are zero on both sides, and why.

    Parameters
    ----------
    name
        The parameter; an array with one axis counts as a bias if its name begins with b or has
        "bias" in it.
    analytic, numerical
        The two gradients, of the same shape.
    units_last
        Whether a weight has a row for each input and a column for each unit, or the other way
        round.
    """
    zero = (analytic == 0) & (numerical == 0)
    if not units_last:
        zero = zero.T
    entries = int(np.sum(zero))
    rows = columns = 0
    rest = zero
    if zero.ndim == 2 and entries:
        unused, dead = zero.all(axis=1), zero.all(axis=0)
        rows, columns = int(np.sum(unused)), int(np.sum(dead))
        rest = zero[np.ix_(~unused, ~dead)]
    elif zero.ndim == 1 and _is_bias(name):
        columns = entries
        rest = zero[:0]
    return Vacuity(
        entries=entries, unused_inputs=rows, dead_units=columns, no_effect=int(np.sum(rest))
    )


def _is_bias(name: str) -> bool:
    lower = name.lower()
    return lower.startswith("b") or "bias" in lower
