"""The verdict on differences that were propagated: by bounds, not by a tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.verdict.allowance import MEANINGLESS, TINY_STEP, truncation
from fastcheck.verdict.bounds import Bounds
from fastcheck.verdict.codes import (
    APPROXIMATE,
    FAIL,
    INCONCLUSIVE,
    KINK,
    PASS,
    ParameterVerdict,
    approximation,
    is_systematic,
)

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)

# Where B exceeds this share of S, agreement within it says little: more than half of the digits of
# float64, more than two thirds of those of float32, are lost.
WIDE = {_DOUBLE: 1e-6, _SINGLE: 1e-2}


def judge_by_bounds(
    analytic: NDArray[Any],
    numerical: ParameterDifferences,
    result: NumericalGradient,
    bounds: Bounds,
    *,
    scale: float,
    rtol: float | None,
    strict: bool,
) -> ParameterVerdict:
    """Judge every element of a parameter.

    With a the backprop, g the numerical gradient, B its bound, S what it would be without any
    cancellation, and G the largest |g| of the parameter, in this order:

    - *fail* where a is not finite; *inconclusive* where g or B is not;
    - *pass* where |a - g| <= B, but *inconclusive* where B exceeds WIDE of S and is more than the
      rounding of `scale`, unless a is g rounded to its dtype;
    - *kink* where switches are within rounding, or were crossed by the step, and a lies between the
      slopes of their sides, widened by B;
    - *approximate* where |a - g| is at most `rtol` of S and of G, and that is systematic;
    - *inconclusive* where a switch was crossed that is not within rounding; else *fail*.

    Parameters
    ----------
    analytic
        The backprop's gradient.
    numerical
        The engine's, of the same shape.
    result
        What it belongs to.
    bounds
        As of `bounds_of`.
    scale
        The largest |g| of all parameters.
    rtol
        By default APPROXIMATION of the dtype.
    strict
        *Fail* in place of *approximate*.
    """
    dtype = _SINGLE if bounds.single else _DOUBLE
    g = numerical.central
    a = np.asarray(analytic, dtype=np.float64)
    finite = np.isfinite(g)
    largest = float(np.max(np.abs(g), where=finite, initial=0.0))
    bound = bounds.bound + bounds.faint / numerical.step
    bound += truncation(numerical.step, result.order, bounds.size, largest, dtype)
    with np.errstate(invalid="ignore"):
        equal = a == g
        error = np.abs(a - g)
        within = equal | (error <= bound)
        if not np.any(bounds.kink) and not np.any(numerical.switched):
            between = np.zeros(g.shape, np.bool_)
            off = error
        else:
            low, high = _interval(numerical, bounds)
            off = np.maximum(np.maximum(low - a, a - high), 0.0)
            between = (low < high) & (off <= bound)
        limit = (approximation(dtype) if rtol is None else rtol) * np.minimum(bounds.size, largest)
        close = ~within & ~between & (off <= limit)
        enough = np.maximum(WIDE[dtype] * bounds.size, _nothing(dtype, scale))
        # With a large step it is the user's wish.
        enough = np.where(numerical.step <= TINY_STEP, enough, MEANINGLESS * largest)
        wide = (bound > enough) & ~(equal | _rounded(g, analytic))
    codes = np.full(g.shape, FAIL, np.uint8)
    # One within rounding that has no kink makes no difference, such as the maximum in a softmax.
    codes[numerical.crossed & (bounds.kink == 0)] = INCONCLUSIVE
    if not strict and is_systematic(close, (np.abs(g) > bound) & ~between):
        codes[close] = APPROXIMATE
    codes[between] = KINK
    codes[within] = PASS
    codes[(within | between) & wide] = INCONCLUSIVE
    codes[~finite | ~np.isfinite(bound)] = INCONCLUSIVE
    codes[~np.isfinite(a)] = FAIL
    return ParameterVerdict(bound, codes)


def _rounded(g: NDArray[np.float64], analytic: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where the backprop is g rounded to its own dtype, be it the zero that is left of it."""
    if analytic.dtype.kind != "f":
        return np.zeros(g.shape, np.bool_)
    with np.errstate(over="ignore"):
        same: NDArray[np.bool_] = analytic == g.astype(analytic.dtype)
    return same


def _nothing(dtype: np.dtype[Any], scale: float) -> float:
    """Return what is nothing beside the model's largest gradient: its rounding, and underflow."""
    limits = np.finfo(dtype)
    return max(float(limits.eps) / 2 * scale, float(limits.tiny))


def _interval(
    numerical: ParameterDifferences, bounds: Bounds
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return between what a gradient must lie, the slopes of both sides included.

    Away from switches it is the numerical gradient alone, never the sweep's own derivative: that is
    backprop, which is under test here.
    """
    left, right = numerical.left, numerical.right
    switched, bent = numerical.switched, bounds.kink > 0
    low = np.where(switched, np.minimum(left, right), numerical.central)
    high = np.where(switched, np.maximum(left, right), numerical.central)
    low = np.where(bent, np.minimum(low, bounds.centre - bounds.kink), low)
    high = np.where(bent, np.maximum(high, bounds.centre + bounds.kink), high)
    return low, high
