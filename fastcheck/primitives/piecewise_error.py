"""The error rules of `fastcheck.primitives.piecewise`; see `fastcheck.primitives.running_error`.

None of these operations rounds. What they add is doubt: where an operand lies within its error of
a switch, the user's code may have gone the other way than exact arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import ALLOWANCE, Bound, Operands, is_exact


def extreme_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound maximum and minimum: an operand's error, less half of how far it is from winning.

    Half of max(x + 2 dx, y + 2 dy) - r for the maximum r; it falls by no more than that, since the
    winner falls by no more than its own error. So a dead unit, max(z, 0) with z < -2 dz, is exact.
    """
    if all(is_exact(error) for error in errors):
        return 0.0
    (x, y), (dx, dy) = operands, errors
    below_x, below_y = np.abs(result - x) / ALLOWANCE, np.abs(result - y) / ALLOWANCE
    return np.maximum(dx - below_x, dy - below_y)


def comparison_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound an answer, 0 or 1: by 1 where the operands lie within twice their errors, else by 0."""
    if all(is_exact(error) for error in errors):
        return 0.0
    x, y = operands
    reach = ALLOWANCE * (errors[0] + errors[1])
    doubt = np.greater(reach, 0) & (np.abs(x - y) <= reach)
    return np.asarray(doubt, np.float64)


def absolute_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound |x|: dx."""
    return errors[0]


def sign_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound a sign: by 2, or by 1 where it is 0, if the other one is within 2 dx; else 0."""
    (x,), (dx,) = operands, errors
    if is_exact(dx):
        return 0.0
    doubt = np.greater(dx, 0) & (np.abs(x) <= ALLOWANCE * dx)
    return np.where(doubt, 1.0 + np.abs(result), 0.0)


def where_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound a choice: the error of the branch taken.

    Where the condition is in doubt, also half of how far the other branch may be away.
    """
    if all(is_exact(error) for error in errors):
        return 0.0
    condition, x, y = operands
    doubt, dx, dy = errors
    bound = np.broadcast_to(np.where(condition != 0, dx, dy), result.shape)
    if not is_exact(doubt) and np.any(doubt):
        open_ = np.greater(doubt, 0) & (np.abs(condition) <= ALLOWANCE * doubt)
        other = np.abs(x - y) / ALLOWANCE + np.where(condition != 0, dy, dx)
        bound = np.where(open_, np.maximum(bound, other), bound)
    return bound
