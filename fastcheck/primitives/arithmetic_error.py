"""The error rules of `fastcheck.primitives.arithmetic`; see `fastcheck.primitives.running_error`.

Operands are x and y with bounds dx and dy. Each rule has, in its first line, half the supremum of
|f(x', y') - f(x, y)| over |x' - x| <= 2 dx, |y' - y| <= 2 dy, or a bound on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import (
    ALLOWANCE,
    FUNCTION,
    Bound,
    Operands,
    is_exact,
    rounding,
    underflow,
)


def sum_rule(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound x + y and x - y: dx + dy. Sums do not underflow."""
    return u * np.abs(result) + errors[0] + errors[1]


def multiply_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound x y: |x| dy + |y| dx + 2 dx dy."""
    (x, y), (dx, dy) = operands, errors
    bound: Bound = rounding(result, u)
    if not is_exact(dy):
        bound = bound + (np.abs(x) + ALLOWANCE * dx) * dy
    if not is_exact(dx):
        bound = bound + np.abs(y) * dx
    return bound


def divide_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound q = x / y: (dx + |q| dy) / (|y| - 2 dy); inf where y may be 0."""
    (_, y), (dx, dy) = operands, errors
    bound: Bound = rounding(result, u)
    if not is_exact(dy):
        dx = dx + np.abs(result) * dy
    if not is_exact(dx):
        least = np.abs(y) - ALLOWANCE * dy
        bound = bound + np.where(least > 0, dx / least, np.inf)
    return bound


def power_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound x ** y.

    With Dx = 2 dx and Dy = 2 dy, half of: in x by the mean value theorem |y| Dx s^(y - 1), s being
    |x| + Dx for y >= 1 and |x| - Dx below, for 0 <= y < 1 also (|x| + Dx)^y; in y x^y expm1(Dy
    |log x|), and the former for any exponent in reach.
    """
    x, y = operands
    dx, dy = (error if is_exact(error) else ALLOWANCE * error for error in errors)
    bound: Bound = rounding(result, u, FUNCTION)
    low, high = np.abs(x) - dx, np.abs(x) + dx
    growth: Bound = 0.0
    if not is_exact(dy):
        growth = dy * np.maximum(np.abs(np.log(low)), np.abs(np.log(high)))
        bound = bound + np.abs(result) * np.expm1(growth) / ALLOWANCE
    if not is_exact(dx):
        below = np.where(low > 0, np.power(low, y - 1), np.inf)
        slope = np.where(y >= 1, np.power(high, y - 1), below)
        moved = (np.abs(y) + dy) * dx * slope
        root = (y >= 0) & (y < 1)
        moved = np.where(root, np.fmin(moved, np.power(high, y)), moved)
        moved = np.where(np.equal(dx, 0), 0, moved)
        bound = bound + moved * np.exp(2 * growth) / ALLOWANCE
    return bound


def logaddexp_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound r = log(e^x + e^y): log1p(p expm1(2 dx) + q expm1(2 dy)) / 2, p = e^(x-r), q = e^(y-r).

    r is convex, so that it rises by more than it falls; and it moves by no more than the larger
    operand does. Its own rounding is that of the final sum and that of log1p(e^-|x-y|), into which
    |x-y| went rounded.
    """
    (x, y), (dx, dy) = operands, errors
    gap = np.abs(x - y)
    rest = np.log1p(np.exp(-gap))
    # An exact 0 on one side leaves no rounding in the gap, but that is not worth a case.
    inner = np.where(rest > 0, rest * ((FUNCTION + gap) * u), 0) + FUNCTION * underflow(u)
    bound: Bound = u * np.abs(result) + inner
    if is_exact(dx) and is_exact(dy):
        return bound
    p, q = np.exp(x - result), np.exp(y - result)
    rise = np.log1p(p * np.expm1(ALLOWANCE * dx) + q * np.expm1(ALLOWANCE * dy))
    return bound + np.fmin(rise / ALLOWANCE, np.maximum(dx, dy))


def logic_rule(decides: Callable[[NDArray[np.bool_]], NDArray[np.bool_]]) -> Callable[..., Bound]:
    """Return the rule of a logical operation: 1 where a truth value in doubt decides, else 0.

    `decides` tells, from the truth of the one operand, whether the answer hangs on the other.
    """

    def rule(
        operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
    ) -> Bound:
        if all(is_exact(error) for error in errors):
            return 0.0
        true = [operand != 0 for operand in operands]
        doubt = [
            np.greater(error, 0) & (np.abs(operand) <= ALLOWANCE * error)
            for operand, error in zip(operands, errors, strict=True)
        ]
        open_ = (doubt[0] & (decides(true[1]) | doubt[1])) | (doubt[1] & decides(true[0]))
        return np.asarray(open_, np.float64)

    return rule


and_error = logic_rule(lambda true: true)
or_error = logic_rule(lambda true: ~true)
xor_error = logic_rule(lambda true: true | ~true)
