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
from functools import partial
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
from fastcheck.primitives.smooth_series import (
    exp_coefficients,
    expm1_coefficients,
    log1p_coefficients,
    log_coefficients,
    reciprocal_coefficients,
    sqrt_coefficients,
    tanh_coefficients,
)
from fastcheck.primitives.smooth_slope import (
    exp_slopes,
    expm1_slopes,
    log1p_slopes,
    log_slopes,
    negative_slopes,
    reciprocal_slopes,
    sqrt_slopes,
    square_slopes,
    tanh_slopes,
)

FAMILY = 1
NEGATIVE, RECIPROCAL, SQUARE, SQRT, EXP, EXPM1, LOG, LOG1P, TANH = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 9
)


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


_curved = partial(Primitive, lower=lower_elementwise, form=Form.CURVED)

PRIMITIVES = (
    Primitive(
        "negative",
        NEGATIVE,
        np.negative,
        lower_elementwise,
        form=Form.LINEAR,
        signs=(-1,),
        error=negative_error,
        slopes=negative_slopes,
    ),
    _curved(
        "reciprocal",
        RECIPROCAL,
        np.reciprocal,
        coefficients=reciprocal_coefficients,
        error=reciprocal_error,
        slopes=reciprocal_slopes,
    ),
    Primitive(
        "square",
        SQUARE,
        np.square,
        lower_elementwise,
        form=Form.PRODUCT,
        error=square_error,
        slopes=square_slopes,
    ),
    _curved(
        "sqrt", SQRT, np.sqrt, coefficients=sqrt_coefficients, error=sqrt_error, slopes=sqrt_slopes
    ),
    _curved("exp", EXP, np.exp, coefficients=exp_coefficients, error=exp_error, slopes=exp_slopes),
    _curved(
        "expm1",
        EXPM1,
        np.expm1,
        coefficients=expm1_coefficients,
        error=expm1_error,
        slopes=expm1_slopes,
    ),
    _curved("log", LOG, np.log, coefficients=log_coefficients, error=log_error, slopes=log_slopes),
    _curved(
        "log1p",
        LOG1P,
        np.log1p,
        coefficients=log1p_coefficients,
        error=log1p_error,
        slopes=log1p_slopes,
    ),
    _curved(
        "tanh", TANH, np.tanh, coefficients=tanh_coefficients, error=tanh_error, slopes=tanh_slopes
    ),
)
