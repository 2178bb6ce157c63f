"""Smooth functions of one argument, each with its difference.

``_NAME_difference(z, d)`` is f(z + d) - f(z) for any d, z + d being meant exactly: no rule
subtracts nearly equal numbers. The result is good to a few ulp where f(z) and f(z + d) are finite
and the difference a normal number; d = 0 gives exactly 0 whatever z is. The formulas are secants in
the sense of Reps & Rall 2003, "Computational divided differencing and divided-difference
arithmetics", times d; where a rounded z + d enters a function that grows exponentially, the
rounding is put back to first order.

For tiny steps there is the same without libm, one shape for all: ``series``. Its coefficients are
in `fastcheck.primitives.smooth_series`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcheck.primitives.base import FAMILY_SIZE, Form, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import unary_loop
from fastcheck.primitives.rounding import sum_error
from fastcheck.primitives.smooth_error import (
    exp_error,
    expm1_error,
    log1p_error,
    log_error,
    negative_error,
    reciprocal_error,
    sqrt_error,
    square_error,
    tanh_error,
)

FAMILY = 1
NEGATIVE, RECIPROCAL, SQUARE, SQRT, EXP, EXPM1, LOG, LOG1P, TANH = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 9
)

# How far the series reaches, in units of the function's length scale: 1 for exp, expm1 and tanh,
# 1 + z for log1p, |z| for log, sqrt and the reciprocal, |x| / (1 + |y|) for x ** y.
# The first term left out is c d^2, relative to the whole, with c = f^(3)(z) / 6 f'(z). In those
# units c is
#     exp, expm1: 1/6    log, log1p: 1/3    sqrt: 1/8    reciprocal: 1
#     tanh: |3 tanh(z)^2 - 1| / 3 <= 2/3    power: |(y - 1)(y - 2)| / 6 (1 + |y|)^2 <= 1/3
# so that the term is at most SERIES_LIMIT^2 = 2^-54: half the unit roundoff. What follows it is
# smaller by another factor of SERIES_LIMIT.
SERIES_LIMIT = 2.0**-27


@kernel
def series(slope: float, bend: float, d: float) -> float:
    """Return f(z + d) - f(z) for a tiny d; vectorises, for it has neither branch nor libm call."""
    return (slope * d) * (1.0 + bend * d)


@kernel
def _negative(x: float) -> float:
    return -x


@kernel
def _negative_difference(z: float, d: float) -> float:
    return -d


@kernel
def _reciprocal(x: float) -> float:
    return 1.0 / x


@kernel
def _reciprocal_difference(z: float, d: float) -> float:
    # -(d / z) / (z + d), divided by the larger first: |d| is at most twice that, and nothing
    # overflows on the way.
    if d == 0.0:
        return 0.0
    moved = z + d
    if abs(moved) > abs(z):
        return -(d / moved) / z
    return -(d / z) / moved


@kernel
def _square(x: float) -> float:
    return x * x


@kernel
def _square_difference(z: float, d: float) -> float:
    # d (2 z + d); inf times 0 would be nan.
    return d * (2.0 * z + d) if d != 0.0 else 0.0


@kernel
def _sqrt(x: float) -> float:
    return math.sqrt(x)


@kernel
def _sqrt_difference(z: float, d: float) -> float:
    # d over the sum of the roots of z + d and z.
    if d == 0.0:
        return 0.0
    return d / (math.sqrt(z + d) + math.sqrt(z))


@kernel
def _exp(x: float) -> float:
    return math.exp(x)


@kernel
def _exp_difference(z: float, d: float) -> float:
    # exp(z) expm1(d); from d = 1 on in reverse, -exp(z + d) expm1(-d), since exp(z) may have
    # underflown, or expm1(d) overflow, where the difference does neither.
    if d == 0.0:
        return 0.0
    if d <= 1.0:
        return math.exp(z) * math.expm1(d)
    moved = z + d
    return -math.exp(moved) * (1.0 + sum_error(z, d, moved)) * math.expm1(-d)


@kernel
def _expm1(x: float) -> float:
    return math.expm1(x)


@kernel
def _log(x: float) -> float:
    return math.log(x)


@kernel
def _log_ratio(base: float, moved: float, d: float) -> float:
    """Return log(moved / base), where moved = base + d and both are positive."""
    # log1p(d / base); for d < 0 in reverse, -log1p(-d / moved), since 1 + d / base may cancel.
    if d < 0.0:
        return -math.log1p(-d / moved)
    ratio = d / base
    if ratio == math.inf:
        return math.log(moved) - math.log(base)
    return math.log1p(ratio)


@kernel
def _log_difference(z: float, d: float) -> float:
    if d == 0.0:
        return 0.0
    return _log_ratio(z, z + d, d)


@kernel
def _log1p(x: float) -> float:
    return math.log1p(x)


@kernel
def _log1p_difference(z: float, d: float) -> float:
    # That of log, at 1 + z. Where 1 + z and d nearly cancel, what 1 + z was rounded by matters.
    if d == 0.0:
        return 0.0
    base = 1.0 + z
    return _log_ratio(base, (base + d) + sum_error(1.0, z, base), d)


@kernel
def _tanh(x: float) -> float:
    return math.tanh(x)


@kernel
def _tanh_difference(z: float, d: float) -> float:
    # 2 s(2 z) s(-2 (z + d)) expm1(2 d) for d < 0, s(x) = 1 / (1 + exp(-x)); tanh is odd, so that
    # d > 0 is the same seen from the other side. Of the two sums 1 + exp(..) one is at most 2.
    if d == 0.0:
        return 0.0
    sign = 2.0
    if d > 0.0:
        z, d, sign = -z, -d, -2.0
    moved = z + d
    above = math.exp(2.0 * moved) * (1.0 + 2.0 * sum_error(z, d, moved))
    return sign * math.expm1(2.0 * d) / ((1.0 + math.exp(-2.0 * z)) * (1.0 + above))


@kernel
def difference(code: int, z: float, d: float) -> float:
    """Return the change of the function `code` where its argument z moves by d."""
    if code == NEGATIVE:
        return _negative_difference(z, d)
    if code == RECIPROCAL:
        return _reciprocal_difference(z, d)
    if code == SQUARE:
        return _square_difference(z, d)
    if code == SQRT:
        return _sqrt_difference(z, d)
    if code in (EXP, EXPM1):  # they differ by a constant
        return _exp_difference(z, d)
    if code == LOG:
        return _log_difference(z, d)
    if code == LOG1P:
        return _log1p_difference(z, d)
    return _tanh_difference(z, d)


_negative_loop = unary_loop(_negative)
_reciprocal_loop = unary_loop(_reciprocal)
_square_loop = unary_loop(_square)
_sqrt_loop = unary_loop(_sqrt)
_exp_loop = unary_loop(_exp)
_expm1_loop = unary_loop(_expm1)
_log_loop = unary_loop(_log)
_log1p_loop = unary_loop(_log1p)
_tanh_loop = unary_loop(_tanh)


@kernel
def run(code: int, a: Any, out: Any) -> None:
    """Fill `out` by the function `code` of `a`, element by element."""
    if code == NEGATIVE:
        _negative_loop(a, out)
    elif code == RECIPROCAL:
        _reciprocal_loop(a, out)
    elif code == SQUARE:
        _square_loop(a, out)
    elif code == SQRT:
        _sqrt_loop(a, out)
    elif code == EXP:
        _exp_loop(a, out)
    elif code == EXPM1:
        _expm1_loop(a, out)
    elif code == LOG:
        _log_loop(a, out)
    elif code == LOG1P:
        _log1p_loop(a, out)
    else:
        _tanh_loop(a, out)


PRIMITIVES = (
    Primitive(
        "negative",
        NEGATIVE,
        np.negative,
        lower_elementwise,
        form=Form.LINEAR,
        signs=(-1,),
        error=negative_error,
    ),
    Primitive(
        "reciprocal",
        RECIPROCAL,
        np.reciprocal,
        lower_elementwise,
        form=Form.CURVED,
        error=reciprocal_error,
    ),
    Primitive(
        "square", SQUARE, np.square, lower_elementwise, form=Form.PRODUCT, error=square_error
    ),
    Primitive("sqrt", SQRT, np.sqrt, lower_elementwise, form=Form.CURVED, error=sqrt_error),
    Primitive("exp", EXP, np.exp, lower_elementwise, form=Form.CURVED, error=exp_error),
    Primitive("expm1", EXPM1, np.expm1, lower_elementwise, form=Form.CURVED, error=expm1_error),
    Primitive("log", LOG, np.log, lower_elementwise, form=Form.CURVED, error=log_error),
    Primitive("log1p", LOG1P, np.log1p, lower_elementwise, form=Form.CURVED, error=log1p_error),
    Primitive("tanh", TANH, np.tanh, lower_elementwise, form=Form.CURVED, error=tanh_error),
)
