"""The series of `fastcheck.primitives.arithmetic` for tiny steps: coefficients, and their reach.

Quotients and logaddexp have a shape of their own (``_divide_series``, ``_logaddexp_series``), both
operands moving; a power by a fixed exponent has that of `fastcheck.primitives.smooth_series`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastcheck.primitives.rounding import sum_errors
from fastcheck.primitives.smooth_series import (
    SERIES_LIMIT,
    SMALLEST_NORMAL,
    Real,
    series_reach,
    serving,
)


@np.errstate(all="ignore")
def _divide_slope(q: Real, y: Real) -> Real:
    """Return how much the quotient q = x / y falls per unit of y."""
    return np.divide(q, y)


@np.errstate(all="ignore")
def _divide_reach(q: Real, y: Real) -> Real:
    """Return below which |dy| the series serves; dx may be any."""
    slope = _divide_slope(q, y)
    lost = (np.abs(slope) < SMALLEST_NORMAL) & np.not_equal(q, 0.0)
    return np.where(lost, 0.0, series_reach(np.abs(y), np.divide(1.0, y), slope))


@np.errstate(all="ignore")
def _power_slope(power: Real, x: Real, y: Real) -> Real:
    """Return the slope in x of power = x ** y; y stays."""
    return np.divide(np.multiply(y, power), x)


@np.errstate(all="ignore")
def _power_bend(x: Real, y: Real) -> Real:
    return np.divide(0.5 * np.subtract(y, 1.0), x)


@np.errstate(all="ignore")
def _power_reach(power: Real, x: Real, y: Real) -> Real:
    """Return below which |dx| the series of `fastcheck.primitives.smooth` serves; y stays."""
    scale = np.abs(x) / (1.0 + np.abs(y))
    reach = series_reach(scale, _power_slope(power, x, y), _power_bend(x, y))
    return np.where(np.abs(power) < SMALLEST_NORMAL, 0.0, reach)


@np.errstate(all="ignore")
def _logaddexp_slope(x: Real, y: Real) -> Real:
    """Return s(x - y), the slope in x; the one in y is ``_logaddexp_slope(y, x)``."""
    gap = np.subtract(y, x)
    # What the gap was rounded by is put back.
    return 1.0 / (1.0 + np.exp(gap) * (1.0 + sum_errors(y, -x, gap)))


@np.errstate(all="ignore")
def divide_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    """Return 1 / y, x / y^2 and the reach of the series of a quotient."""
    _, y = operands
    return serving(np.divide(1.0, y), _divide_slope(result, y), _divide_reach(result, y))


@np.errstate(all="ignore")
def power_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    """Return slope, bend and reach of the series of a power by a fixed exponent."""
    x, y = operands
    return serving(_power_slope(result, x, y), _power_bend(x, y), _power_reach(result, x, y))


@np.errstate(all="ignore")
def logaddexp_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    """Return the slopes in both operands and the reach of the series of logaddexp."""
    x, y = operands
    first = _logaddexp_slope(x, y)
    return serving(first, _logaddexp_slope(y, x), np.full_like(first, SERIES_LIMIT))
