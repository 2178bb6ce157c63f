"""What an operation's slopes are at the base point, and how well anyone can know them.

A backward pass multiplies by the slopes of every operation, and so does, the other way round, a
difference that is carried forward. Beside the slope by each operand stands a bound on the error
with which either may have it: what the errors of the forward's values do to it, and the rounding of
whatever formula the user's backward has for it (``y (1 - y)`` and ``1 - y^2`` keep no more than u
of 1 where they are saturated). As everywhere, an error is at most ALLOWANCE = 2 times its bound,
see `fastcheck.primitives.running_error`.

Every elementwise primitive, extreme and loss has a *slope rule*, called as ``slopes(point,
**attributes)`` with what is known of an operation at its `Point`. It returns a `Slope` per operand.
Arrays are float64, or one number for all elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import ALLOWANCE, Bound, Operands, is_exact

Real = NDArray[np.float64] | float


class Point(NamedTuple):
    """What is known of an operation where its slopes are taken.

    Attributes
    ----------
    operands, errors
        The values of the operands, and their bounds.
    result, error
        The value of the result, and its bound.
    u
        The unit roundoff of the backward.
    """

    operands: Operands
    errors: Sequence[Bound]
    result: NDArray[np.float64]
    error: Bound
    u: float


class Slope(NamedTuple):
    """The slope by one operand, element by element of the result.

    Attributes
    ----------
    value
        The slope; at a switch, half-way between those of its branches.
    error
        The bound on its error.
    kink
        Half of how far the slopes of the branches lie apart, 0.0 away from switches.
    uncancelled
        The sum of the sizes of the terms it is the difference of, such as 1 + y^2 for 1 - y^2; None
        where it is none.
    """

    value: Real
    error: Real = 0.0
    kink: Real = 0.0
    uncancelled: Real | None = None

    @property
    def size(self) -> Real:
        """What the slope would be if nothing cancelled in it."""
        return np.abs(self.value) if self.uncancelled is None else self.uncancelled


NONE = Slope(0.0)
ONE = Slope(1.0)


def no_slopes(point: Point, **_: Any) -> tuple[Slope, ...]:
    """Return slope 0 for every operand: the result is constant between its jumps."""
    return (NONE,) * len(point.operands)


def unknown_slopes(point: Point, **_: Any) -> tuple[Slope, ...]:
    """Return what says that nothing is known."""
    return (Slope(0.0, np.inf),) * len(point.operands)


def least(value: Real, error: Bound) -> Real:
    """Return the smallest size that a value of this bound may have; nan where it may be 0."""
    size = np.abs(value)
    if is_exact(error):
        return size
    rest = size - ALLOWANCE * error
    return np.where(rest > 0, rest, np.nan)
