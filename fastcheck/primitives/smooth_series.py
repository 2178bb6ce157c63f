"""The series of `fastcheck.primitives.smooth` for tiny steps: two coefficients per base value.

One shape serves all functions (`fastcheck.primitives.smooth.series`)::

    f(z + d) - f(z) = slope d (1 + bend d),    slope = f'(z),    bend = f''(z) / 2 f'(z)

``_NAME_slope(y, z)`` and ``_NAME_bend(y, z)`` give the coefficients, y = f(z) being known, and
``_NAME_reach(y, z)`` how small "tiny" is: the series serves for ``abs(d) < reach``. Negative and
square have none, since their difference is free of branches and libm already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

# A float64 array, or one number.
Real = Any

# How far the series reaches, in units of the function's length scale: 1 for exp, expm1 and tanh,
# 1 + z for log1p, |z| for log, sqrt and the reciprocal, |x| / (1 + |y|) for x ** y.
# The first term left out is c d^2, relative to the whole, with c = f^(3)(z) / 6 f'(z). In those
# units c is
#     exp, expm1: 1/6    log, log1p: 1/3    sqrt: 1/8    reciprocal: 1
#     tanh: |3 tanh(z)^2 - 1| / 3 <= 2/3    power: |(y - 1)(y - 2)| / 6 (1 + |y|)^2 <= 1/3
# so that the term is at most SERIES_LIMIT^2 = 2^-54: half the unit roundoff. What follows it is
# smaller by another factor of SERIES_LIMIT.
SERIES_LIMIT = 2.0**-27

SMALLEST_NORMAL = 2.0**-1022


@np.errstate(all="ignore")
def series_reach(scale: Real, slope: Real, bend: Real) -> Real:
    """Return below which |d| the series serves, 0 (not even for d = 0) where a coefficient fails.

    Near the ends of the number range a coefficient overflows or loses bits to underflow although
    the difference would not.
    """
    size = np.abs(slope)
    whole = (size >= SMALLEST_NORMAL) & (size < math.inf) & (np.abs(bend) < math.inf)
    return np.where(whole, SERIES_LIMIT * np.asarray(scale), 0.0)


@np.errstate(all="ignore")
def _reciprocal_slope(y: Real, z: Real) -> Real:
    return -np.square(y)


@np.errstate(all="ignore")
def _reciprocal_bend(y: Real, z: Real) -> Real:
    return -np.asarray(y)


def _reciprocal_reach(y: Real, z: Real) -> Real:
    return series_reach(np.abs(z), _reciprocal_slope(y, z), _reciprocal_bend(y, z))


@np.errstate(all="ignore")
def _sqrt_slope(y: Real, z: Real) -> Real:
    return np.divide(0.5, y)


@np.errstate(all="ignore")
def _sqrt_bend(y: Real, z: Real) -> Real:
    return np.divide(-0.25, z)


def _sqrt_reach(y: Real, z: Real) -> Real:
    return series_reach(z, _sqrt_slope(y, z), _sqrt_bend(y, z))


@np.errstate(all="ignore")
def _exp_slope(y: Real, z: Real) -> Real:
    return y


@np.errstate(all="ignore")
def _exp_bend(y: Real, z: Real) -> Real:
    return np.full_like(y, 0.5)


def _exp_reach(y: Real, z: Real) -> Real:
    return np.where(np.less(y, math.inf), SERIES_LIMIT, 0.0)


@np.errstate(all="ignore")
def _expm1_slope(y: Real, z: Real) -> Real:
    # y + 1 would have lost all digits for a very negative z.
    return np.exp(z)


@np.errstate(all="ignore")
def _expm1_bend(y: Real, z: Real) -> Real:
    return np.full_like(y, 0.5)


def _expm1_reach(y: Real, z: Real) -> Real:
    return _exp_reach(y, z)


@np.errstate(all="ignore")
def _log_slope(y: Real, z: Real) -> Real:
    return np.divide(1.0, z)


@np.errstate(all="ignore")
def _log_bend(y: Real, z: Real) -> Real:
    return np.divide(-0.5, z)


def _log_reach(y: Real, z: Real) -> Real:
    return series_reach(z, _log_slope(y, z), _log_bend(y, z))


@np.errstate(all="ignore")
def _log1p_slope(y: Real, z: Real) -> Real:
    return np.divide(1.0, np.add(1.0, z))


@np.errstate(all="ignore")
def _log1p_bend(y: Real, z: Real) -> Real:
    return np.divide(-0.5, np.add(1.0, z))


def _log1p_reach(y: Real, z: Real) -> Real:
    return series_reach(np.add(1.0, z), _log1p_slope(y, z), _log1p_bend(y, z))


@np.errstate(all="ignore")
def _tanh_slope(y: Real, z: Real) -> Real:
    # 4 s(2 z) s(-2 z); 1 - y^2 would have lost all digits where tanh is saturated.
    tail = np.exp(-2.0 * np.abs(z))
    return 4.0 * tail / ((1.0 + tail) * (1.0 + tail))


@np.errstate(all="ignore")
def _tanh_bend(y: Real, z: Real) -> Real:
    return -np.asarray(y)


def _tanh_reach(y: Real, z: Real) -> Real:
    return np.full_like(y, SERIES_LIMIT)


def serving(first: Real, second: Real, reach: Real) -> tuple[Real, Real, Real]:
    """Return the coefficients of a series and its reach, 0 where it does not serve."""
    serves = reach > 0.0
    return np.where(serves, first, 0.0), np.where(serves, second, 0.0), np.where(serves, reach, 0.0)


def _coefficients(
    slope: Callable[[Real, Real], Real],
    bend: Callable[[Real, Real], Real],
    reach: Callable[[Real, Real], Real],
    operands: Sequence[Real],
    result: Real,
    margin: Real,
) -> tuple[Real, Real, Real]:
    """Return slope, bend and reach; see `fastcheck.primitives.base.Primitive`."""
    (z,) = operands
    return serving(slope(result, z), bend(result, z), reach(result, z))


reciprocal_coefficients = partial(
    _coefficients, _reciprocal_slope, _reciprocal_bend, _reciprocal_reach
)
sqrt_coefficients = partial(_coefficients, _sqrt_slope, _sqrt_bend, _sqrt_reach)
exp_coefficients = partial(_coefficients, _exp_slope, _exp_bend, _exp_reach)
expm1_coefficients = partial(_coefficients, _expm1_slope, _expm1_bend, _expm1_reach)
log_coefficients = partial(_coefficients, _log_slope, _log_bend, _log_reach)
log1p_coefficients = partial(_coefficients, _log1p_slope, _log1p_bend, _log1p_reach)
tanh_coefficients = partial(_coefficients, _tanh_slope, _tanh_bend, _tanh_reach)
