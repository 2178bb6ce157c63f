"""Sums, products, quotients, powers and the logic of masks: binary operations without a switch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcheck.primitives.base import FAMILY_SIZE, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import binary_loop

FAMILY = 0
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, AND, OR, XOR, LOGADDEXP = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 9
)

# Bits of `_truth`.
_ONE, _BOTH = 2 | 4, 8


@kernel
def _add(x: float, y: float) -> float:
    return x + y


@kernel
def _subtract(x: float, y: float) -> float:
    return x - y


@kernel
def _multiply(x: float, y: float) -> float:
    return x * y


@kernel
def _divide(x: float, y: float) -> float:
    return x / y


@kernel
def _power(x: float, y: float) -> float:
    return math.pow(x, y)


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
def _truth(x: float, y: float) -> int:
    """Return one bit of four: neither is true, only x, only y, both."""
    return 1 << ((x != 0.0) + 2 * (y != 0.0))


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
    Primitive("add", ADD, np.add, lower_elementwise),
    Primitive("subtract", SUBTRACT, np.subtract, lower_elementwise),
    Primitive("multiply", MULTIPLY, np.multiply, lower_elementwise),
    Primitive("divide", DIVIDE, np.divide, lower_elementwise),
    Primitive("power", POWER, np.power, lower_elementwise),
    Primitive("logaddexp", LOGADDEXP, np.logaddexp, lower_elementwise),
    Primitive("logical_and", AND, np.logical_and, lower_elementwise),
    Primitive("logical_or", OR, np.logical_or, lower_elementwise),
    Primitive("logical_xor", XOR, np.logical_xor, lower_elementwise),
)
