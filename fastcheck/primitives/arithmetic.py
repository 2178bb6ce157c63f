"""Sums, products, quotients, powers and the logic of masks: binary operations without a switch.

``_NAME_difference(x, dx, y, dy)`` is f(x + dx, y + dy) - f(x, y), both operands moving at once and
by any amount; x + dx and y + dy are meant exactly. No rule subtracts nearly equal numbers, save
where `_power_difference` says so. Each is a sum of two terms, one per moving operand, and is good
to a few ulp of the larger: what one operand does may undo what the other does. Where only one
moves, the result itself is good to a few ulp. All steps 0 give exactly 0 whatever the operands are.

For tiny steps, ``_NAME_series`` is the same without branches and libm, for powers by a fixed
exponent ``series`` of `fastcheck.primitives.smooth`; the coefficients are in
`fastcheck.primitives.arithmetic_series`. Sums and products need none.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcheck.primitives.arithmetic_error import (
    and_error,
    divide_error,
    logaddexp_error,
    multiply_error,
    or_error,
    power_error,
    sum_rule,
    xor_error,
)
from fastcheck.primitives.arithmetic_series import (
    divide_coefficients,
    logaddexp_coefficients,
    power_coefficients,
)
from fastcheck.primitives.arithmetic_slope import (
    add_slopes,
    divide_slopes,
    logaddexp_slopes,
    multiply_slopes,
    power_slopes,
    subtract_slopes,
)
from fastcheck.primitives.base import FAMILY_SIZE, Form, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import binary_loop
from fastcheck.primitives.rounding import sum_error
from fastcheck.primitives.slopes import no_slopes
from fastcheck.primitives.smooth import _exp_difference, _log_ratio

FAMILY = 0
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, AND, OR, XOR, LOGADDEXP = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 9
)

# Bits of `_truth`.
_ONE, _BOTH = 2 | 4, 8

# A relative change smaller than this may be the remains of an underflow.
_FAINT = 2.0**-900


@kernel
def _add(x: float, y: float) -> float:
    return x + y


@kernel
def _add_difference(x: float, dx: float, y: float, dy: float) -> float:
    return dx + dy


@kernel
def _subtract(x: float, y: float) -> float:
    return x - y


@kernel
def _subtract_difference(x: float, dx: float, y: float, dy: float) -> float:
    return dx - dy


@kernel
def _multiply(x: float, y: float) -> float:
    return x * y


@kernel
def _multiply_difference(x: float, dx: float, y: float, dy: float) -> float:
    # x dy + y dx + dx dy; inf times 0 would be nan.
    left = dx * (y + dy) if dx != 0.0 else 0.0
    right = x * dy if dy != 0.0 else 0.0
    return left + right


@kernel
def _divide(x: float, y: float) -> float:
    return x / y


@kernel
def _divide_difference(x: float, dx: float, y: float, dy: float) -> float:
    # (dx - q dy) / (y + dy), q = x / y, in an order in which nothing over- or underflows that the
    # result does not: dy / moved is never large, and q dy not where dy is small.
    if dx == 0.0 and dy == 0.0:
        return 0.0
    moved = y + dy
    if dy == 0.0:
        return dx / moved
    q = x / y
    turn = q * (dy / moved) if abs(dy) > 1.0 or abs(moved) <= 1.0 else q * dy / moved
    return dx / moved - turn


@kernel
def _divide_series(inverse: float, slope: float, dx: float, dy: float) -> float:
    # (dx - q dy) / (y + dy), with inverse = 1 / y, slope = q / y and 1 / (1 + dy / y) to two terms:
    # the third is (dy / y)^2, at most SERIES_LIMIT^2.
    return (inverse * dx - slope * dy) * (1.0 - inverse * dy)


@kernel
def _power(x: float, y: float) -> float:
    return math.pow(x, y)


@kernel
def _moved_power(x: float, dx: float, y: float, dy: float) -> float:
    """Return (x + dx) ** (y + dy), what the two sums were rounded by put back to first order."""
    base, exponent = x + dx, y + dy
    result = math.pow(base, exponent)
    base_error, exponent_error = sum_error(x, dx, base), sum_error(y, dy, exponent)
    correction = 0.0
    if base_error != 0.0:
        correction += exponent * (base_error / base)
    if exponent_error != 0.0 and base > 0.0:
        correction += exponent_error * math.log(base)
    return result * (1.0 + correction)


@kernel
def _power_growth(x: float, dx: float, y: float, dy: float) -> float:
    """Return log((x + dx) ** (y + dy) / x ** y), nan where 0 lies between the two powers."""
    moved = x + dx
    growth = 0.0
    if x > 0.0 and moved > 0.0:
        if dx != 0.0:
            growth += (y + dy) * _log_ratio(x, moved, dx)
        if dy != 0.0:
            growth += dy * math.log(x)
        return growth
    if dy != 0.0 or y != math.floor(y) or x == 0.0 or moved == 0.0:
        return math.nan
    # A whole exponent: the size of x ** y is that of |x| ** y.
    if x < 0.0 and moved < 0.0:
        return y * _log_ratio(-x, -moved, -dx)
    if 2.0 * math.floor(0.5 * y) != y:
        return math.nan
    step = -(2.0 * x + dx) if x > 0.0 else 2.0 * x + dx
    return y * _log_ratio(abs(x), abs(moved), step)


@kernel
def _power_difference(x: float, dx: float, y: float, dy: float) -> float:
    # x^y expm1(E), E = (y + dy) log(1 + dx / x) + dy log x.
    if dx == 0.0 and dy == 0.0:
        return 0.0
    if y == 2.0 and dy == 0.0:  # by far the commonest
        return dx * (2.0 * x + dx)
    growth = _power_growth(x, dx, y, dy)
    if abs(growth) < _FAINT and abs(dx) < _FAINT * abs(x):
        # dx / x may have underflown; so far down E is its first order, and expm1(E) is E.
        lifted = (y + dy) * (dx / _FAINT / x)
        if dy != 0.0:
            lifted += dy / _FAINT * math.log(x)
        return math.pow(x, y) * lifted * _FAINT
    if abs(growth) <= 1.0:
        return math.pow(x, y) * math.expm1(growth)
    # A subtraction. Powers so far apart, or on both sides of 0, lose nothing by it, while expm1
    # would magnify the error of E by |E|. Only 0 ** 0 with a moving exponent, and a negative x with
    # one, are left to chance.
    return _moved_power(x, dx, y, dy) - math.pow(x, y)


@kernel
def _logaddexp(x: float, y: float) -> float:
    # log(e^x + e^y) = max + log1p(e^-|x-y|): exp cannot overflow. As in NumPy, equal arguments come
    # first, since inf - inf is nan, and a nan on either side is the result.
    if x == y:
        return x + math.log(2.0)
    gap = x - y
    if gap > 0.0:
        return x + math.log1p(math.exp(-gap))
    if gap < 0.0:
        return y + math.log1p(math.exp(gap))
    return gap


@kernel
def _logaddexp_difference(x: float, dx: float, y: float, dy: float) -> float:
    # dx + log1p(X), X = s(y - x) expm1(dy - dx), s(z) = 1 / (1 + exp(-z)), x being the operand that
    # moves less (not at all, if only one moves): neither term is then larger than |dx| + the whole.
    # Where X < -1/2 it is the logarithm of 1 + X = (exp(x - y) + exp(dy - dx)) s(y - x), which is a
    # sum of positives.
    if dx == 0.0 and dy == 0.0:
        return 0.0
    if abs(dx) > abs(dy):
        x, dx, y, dy = y, dy, x, dx
    gap, step = y - x, dy - dx
    small = math.exp(-abs(gap))
    # X (1 + small) = exp(level + step) - exp(level): neither exp(-gap) nor expm1(step) overflows
    # unless all does. What gap and step were rounded by is put back.
    level, level_error = 0.0, 0.0
    if gap < 0.0:
        level, level_error = gap, sum_error(y, -x, gap)
    grown = _exp_difference(level, step)
    if grown == math.inf:
        return dy + level - math.log1p(small)
    grown += level_error * grown + sum_error(dy, -dx, step) * (grown + math.exp(level))
    grown /= 1.0 + small
    if grown < -0.5:
        return dx + (_logaddexp(-abs(gap), step) - math.log1p(small))
    return dx + math.log1p(grown)


@kernel
def _logaddexp_series(p: float, q: float, dx: float, dy: float) -> float:
    # p dx + q dy + p q (dx - dy)^2 / 2, p and q being the slopes in x and in y. The third cumulant
    # follows, at most p q |dx - dy|^3 / 6 <= 2/3 SERIES_LIMIT^2 (p |dx| + q |dy|): for |dx|, |dy| <
    # SERIES_LIMIT.
    step = dx - dy
    return (p * dx + q * dy) + (0.5 * p * q) * (step * step)


@kernel
def _truth(x: float, y: float) -> int:
    """Return one bit of four: neither is true, only x, only y, both."""
    return 1 << ((x != 0.0) + 2 * (y != 0.0))


@kernel
def _logic_difference(x: float, dx: float, y: float, dy: float, accepted: int) -> float:
    """Return -1, 0 or 1: a subtraction of the two answers, `accepted` as in `_logic_loop`."""
    # Rounding leaves a sum 0 only where it is 0.
    after = 1.0 if accepted & _truth(x + dx, y + dy) else 0.0
    before = 1.0 if accepted & _truth(x, y) else 0.0
    return after - before


@kernel
def difference(code: int, x: float, dx: float, y: float, dy: float) -> float:
    """Return the change of the operation `code` where its operands move by dx and dy."""
    if code == ADD:
        return _add_difference(x, dx, y, dy)
    if code == SUBTRACT:
        return _subtract_difference(x, dx, y, dy)
    if code == MULTIPLY:
        return _multiply_difference(x, dx, y, dy)
    if code == DIVIDE:
        return _divide_difference(x, dx, y, dy)
    if code == POWER:
        return _power_difference(x, dx, y, dy)
    if code == LOGADDEXP:
        return _logaddexp_difference(x, dx, y, dy)
    if code == AND:
        return _logic_difference(x, dx, y, dy, _BOTH)
    if code == OR:
        return _logic_difference(x, dx, y, dy, _ONE | _BOTH)
    return _logic_difference(x, dx, y, dy, _ONE)


_add_loop = binary_loop(_add)
_subtract_loop = binary_loop(_subtract)
_multiply_loop = binary_loop(_multiply)
_divide_loop = binary_loop(_divide)
_power_loop = binary_loop(_power)
_logaddexp_loop = binary_loop(_logaddexp)
_truth_loop = binary_loop(_truth)


@kernel
def _logic_loop(a: Any, b: Any, out: Any, dims: Any, accepted: int) -> None:
    _truth_loop(a, b, out, dims)
    for j in range(out.size):
        out[j] = 1.0 if accepted & int(out[j]) else 0.0


@kernel
def run(code: int, a: Any, b: Any, out: Any, dims: Any) -> None:
    """Fill `out` by the operation `code` on `a` and `b`, over the folded loops in `dims`."""
    if code == ADD:
        _add_loop(a, b, out, dims)
    elif code == SUBTRACT:
        _subtract_loop(a, b, out, dims)
    elif code == MULTIPLY:
        _multiply_loop(a, b, out, dims)
    elif code == DIVIDE:
        _divide_loop(a, b, out, dims)
    elif code == POWER:
        _power_loop(a, b, out, dims)
    elif code == LOGADDEXP:
        _logaddexp_loop(a, b, out, dims)
    elif code == AND:
        _logic_loop(a, b, out, dims, _BOTH)
    elif code == OR:
        _logic_loop(a, b, out, dims, _ONE | _BOTH)
    else:
        _logic_loop(a, b, out, dims, _ONE)


PRIMITIVES = (
    Primitive(
        "add",
        ADD,
        np.add,
        lower_elementwise,
        form=Form.LINEAR,
        signs=(1, 1),
        error=sum_rule,
        slopes=add_slopes,
    ),
    Primitive(
        "subtract",
        SUBTRACT,
        np.subtract,
        lower_elementwise,
        form=Form.LINEAR,
        signs=(1, -1),
        error=sum_rule,
        slopes=subtract_slopes,
    ),
    Primitive(
        "multiply",
        MULTIPLY,
        np.multiply,
        lower_elementwise,
        form=Form.PRODUCT,
        error=multiply_error,
        slopes=multiply_slopes,
    ),
    Primitive(
        "divide",
        DIVIDE,
        np.divide,
        lower_elementwise,
        form=Form.QUOTIENT,
        coefficients=divide_coefficients,
        error=divide_error,
        slopes=divide_slopes,
    ),
    Primitive(
        "power",
        POWER,
        np.power,
        lower_elementwise,
        form=Form.CURVED,
        coefficients=power_coefficients,
        error=power_error,
        slopes=power_slopes,
    ),
    Primitive(
        "logaddexp",
        LOGADDEXP,
        np.logaddexp,
        lower_elementwise,
        form=Form.SOFT,
        coefficients=logaddexp_coefficients,
        error=logaddexp_error,
        slopes=logaddexp_slopes,
    ),
    Primitive(
        "logical_and", AND, np.logical_and, lower_elementwise, error=and_error, slopes=no_slopes
    ),
    Primitive("logical_or", OR, np.logical_or, lower_elementwise, error=or_error, slopes=no_slopes),
    Primitive(
        "logical_xor", XOR, np.logical_xor, lower_elementwise, error=xor_error, slopes=no_slopes
    ),
)
