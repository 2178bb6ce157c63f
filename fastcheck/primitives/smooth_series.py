"""The series of `fastcheck.primitives.smooth` for tiny steps: two coefficients per base value.

One shape serves all functions (`fastcheck.primitives.smooth.series`)::

    f(z + d) - f(z) = slope d (1 + bend d),    slope = f'(z),    bend = f''(z) / 2 f'(z)

``_NAME_slope(y, z)`` and ``_NAME_bend(y, z)`` give the coefficients, y = f(z) being known, and
``_NAME_reach(y, z)`` how small "tiny" is: the series serves for ``abs(d) < reach``. Negative and
square have none, since their difference is free of branches and libm already.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcheck.primitives.smooth import SERIES_LIMIT

# A float64 array, or one number.
Real = Any

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


_SERIES = {
    "reciprocal": (_reciprocal_slope, _reciprocal_bend, _reciprocal_reach),
    "sqrt": (_sqrt_slope, _sqrt_bend, _sqrt_reach),
    "exp": (_exp_slope, _exp_bend, _exp_reach),
    "expm1": (_expm1_slope, _expm1_bend, _expm1_reach),
    "log": (_log_slope, _log_bend, _log_reach),
    "log1p": (_log1p_slope, _log1p_bend, _log1p_reach),
    "tanh": (_tanh_slope, _tanh_bend, _tanh_reach),
}


def coefficients(name: str, z: Real, y: Real) -> tuple[Real, Real, Real]:
    """Return slope, bend and reach of the series of a function at z; 0 where it does not serve."""
    slope, bend, reach = (part(y, z) for part in _SERIES[name])
    serves = reach > 0.0
    return np.where(serves, slope, 0.0), np.where(serves, bend, 0.0), np.where(serves, reach, 0.0)
