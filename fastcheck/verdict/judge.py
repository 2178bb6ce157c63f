"""The verdict on every element of a parameter, where losses were subtracted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.verdict.allowance import MEANINGLESS, residue, rounding, share
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
from fastcheck.verdict.evidence import judge_by_bounds

# An allowance says something all the same where it is below this share of the model's largest
# gradient: a parameter without effect, such as a bias before batch normalisation, has rounding for
# a gradient, and that is right. 16 u / 2**-20 times a loss of size 1 is 1.9e-9.
NEGLIGIBLE = 1e-6

_SINGLE = np.dtype(np.float32)
_DOUBLE_ROUNDOFF = 2.0**-53


def judge(
    analytic: NDArray[Any],
    numerical: ParameterDifferences,
    result: NumericalGradient,
    *,
    scale: float,
    bounds: Bounds | None = None,
    rtol: float | None = None,
    strict: bool = False,
) -> ParameterVerdict:
    """Judge every element of a parameter.

    In this order: *fail* where the backprop is not finite; *inconclusive* where the numerical
    gradient is not; *pass* where the two are equal or within the allowance, but *inconclusive*
    where that exceeds MEANINGLESS of the largest |g| and is not negligible beside `scale`; *kink*
    where a switch was crossed and the backprop lies between the one-sided slopes, widened by their
    allowance; *approximate* where it is off by no more than `rtol` of the largest |g|, and
    SYSTEMATIC; *inconclusive* where a switch was crossed, since several kinks may coincide and the
    slopes of one side each are then not all there are; else *fail*. Differences that were
    propagated are judged by `judge_by_bounds`.

    Parameters
    ----------
    analytic
        The backprop's gradient.
    numerical
        The engine's, of the same shape.
    result
        What it belongs to: the loss, the rounding of the differences and of the model, the order.
    scale
        The largest |g| of all parameters: what an allowance may be small beside.
    bounds
        As of `bounds_of`, where the differences were propagated.
    rtol
        What *approximate* allows, by default APPROXIMATION of the dtype.
    strict
        *Fail* in place of *approximate*.
    """
    if bounds is not None:
        return judge_by_bounds(
            analytic, numerical, result, bounds, scale=scale, rtol=rtol, strict=strict
        )
    # A gradient in float64 of a loss in float32 is no better than that.
    dtype = _SINGLE if result.forward_roundoff > _DOUBLE_ROUNDOFF else analytic.dtype
    rtol = approximation(dtype) if rtol is None else rtol
    g = numerical.central
    a = np.asarray(analytic, dtype=np.float64)
    finite = np.isfinite(g)
    largest = float(np.max(np.abs(g), where=finite, initial=0.0))
    noise = rounding(result.loss, result.unit_roundoff, numerical.step)
    slack = np.full(g.shape, share(dtype, largest))
    leftover = residue(dtype, scale)
    without_effect = largest <= leftover
    if without_effect:
        slack += leftover
    bound = slack + noise
    with np.errstate(invalid="ignore"):
        equal = a == g
        error = np.abs(a - g)
        within = equal | (error <= bound)
        low = np.minimum(numerical.left, numerical.right) - slack - 2 * noise
        high = np.maximum(numerical.left, numerical.right) + slack + 2 * noise
        between = numerical.switched & (low <= a) & (a <= high)
        off = np.where(numerical.switched, np.maximum(low - a, a - high), error)
        close = ~within & ~between & (off <= rtol * largest)
    meaningless = ~equal & (bound > MEANINGLESS * largest) & (bound > NEGLIGIBLE * scale)
    if without_effect:
        meaningless &= noise > NEGLIGIBLE * scale
    codes = np.full(g.shape, FAIL, np.uint8)
    codes[numerical.switched] = INCONCLUSIVE
    if not strict and is_systematic(close, (np.abs(g) > bound) & ~between):
        codes[close] = APPROXIMATE
    codes[between] = KINK
    codes[within] = PASS
    codes[(within | between) & meaningless] = INCONCLUSIVE
    codes[~finite | ~np.isfinite(bound)] = INCONCLUSIVE
    codes[~np.isfinite(a)] = FAIL
    return ParameterVerdict(bound, codes)
