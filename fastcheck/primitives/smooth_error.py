"""The error rules of `fastcheck.primitives.smooth`; see `fastcheck.primitives.running_error`.

The operand is z; the functions without "error" in their names return, to be taken for d twice the
operand's bound, the supremum of |f(z') - f(z)| over |z' - z| <= d, or a bound on it.
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
    largest,
    rounding,
)

# Up to this error tanh is taken by its slope; beyond, the difference of two of its values has
# lost no more than 2^-53 / 2^-10 of what the slope would give, and less than the rounding of tanh
# where it is saturated.
_SLOPE_SERVES = 2.0**-10

Moved = Callable[[NDArray[np.float64], Bound, NDArray[np.float64]], Bound]


def _rule(moved: Moved, size: float) -> Callable[..., Bound]:
    """Return the rule of a function good to `size` u, that follows its operand by `moved`."""

    def rule(
        operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
    ) -> Bound:
        (z,), (d,) = operands, errors
        bound = rounding(result, u, size)
        if is_exact(d):
            return bound
        return bound + moved(z, ALLOWANCE * d, result) / ALLOWANCE

    return rule


def negative_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound -z: d. Nothing is rounded."""
    return errors[0]


def _reciprocal(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    # d |1/z| / (|z| - d)
    least = np.abs(z) - d
    return np.where(least > 0, np.abs(result) * d / least, np.inf)


def _square(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    # (2 |z| + d) d
    return (2 * np.abs(z) + d) * d


def _sqrt(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    # d / (sqrt(z) + sqrt(z')), at most sqrt(d). That z' is not negative is taken for granted: where
    # it is, the user's loss is nan.
    return np.fmin(d / result, np.sqrt(d))


def _grown(z: NDArray[np.float64], d: Bound, power: NDArray[np.float64]) -> Bound:
    """Return exp(z) expm1(d), power = exp(z)."""
    bound = power * np.expm1(d)
    if largest(d) > 1.0:  # exp(z) may have underflown, or expm1(d) overflow
        bound = np.where(np.greater(d, 1.0), np.exp(z + d), bound)
    return bound


def _exp(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    return _grown(z, d, result)


def _expm1(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    # What 1 + result has lost, u d at most, is less than the rounding of a result that is -1 then.
    return _grown(z, d, 1.0 + result)


def _fallen(d: Bound, z: NDArray[np.float64]) -> Bound:
    """Return log(z / (z - d)) = -log1p(-d / z)."""
    part = d / z
    return np.where(part < 1.0, -np.log1p(-part), np.inf)


def _log(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    return _fallen(d, z)


def _log1p(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    return _fallen(d, 1.0 + z)


def _tanh(z: NDArray[np.float64], d: Bound, result: NDArray[np.float64]) -> Bound:
    # |tanh(z)| - tanh(|z| - d), which is (1 - tanh(z)^2) d for small d, but that the slope at
    # |z| - d may be exp(2 d) times larger.
    size = np.abs(result)
    bound = (1.0 - size) * (1.0 + size) * (d + 3 * np.square(d))
    if largest(d) > _SLOPE_SERVES:
        fallen = size - np.tanh(np.abs(z) - d)
        bound = np.where(np.greater(d, _SLOPE_SERVES), fallen, bound)
    return bound


reciprocal_error = _rule(_reciprocal, 1.0)
square_error = _rule(_square, 1.0)
sqrt_error = _rule(_sqrt, 1.0)
exp_error = _rule(_exp, FUNCTION)
expm1_error = _rule(_expm1, FUNCTION)
log_error = _rule(_log, FUNCTION)
log1p_error = _rule(_log1p, FUNCTION)
tanh_error = _rule(_tanh, FUNCTION)
