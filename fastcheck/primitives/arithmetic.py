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
ADD, SUBTRACT, MULTIPLY, DIVIDE, POWER, AND, OR, XOR = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 8
)


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
def _and(x: float, y: float) -> float:
    return 1.0 if x != 0.0 and y != 0.0 else 0.0


@kernel
def _or(x: float, y: float) -> float:
    return 1.0 if x != 0.0 or y != 0.0 else 0.0


@kernel
def _xor(x: float, y: float) -> float:
    return 1.0 if (x != 0.0) != (y != 0.0) else 0.0


_add_loop = binary_loop(_add)
_subtract_loop = binary_loop(_subtract)
_multiply_loop = binary_loop(_multiply)
_divide_loop = binary_loop(_divide)
_power_loop = binary_loop(_power)
_and_loop = binary_loop(_and)
_or_loop = binary_loop(_or)
_xor_loop = binary_loop(_xor)


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
    elif code == AND:
        _and_loop(a, b, out, dims)
    elif code == OR:
        _or_loop(a, b, out, dims)
    else:
        _xor_loop(a, b, out, dims)


PRIMITIVES = (
    Primitive("add", ADD, np.add, lower_elementwise),
    Primitive("subtract", SUBTRACT, np.subtract, lower_elementwise),
    Primitive("multiply", MULTIPLY, np.multiply, lower_elementwise),
    Primitive("divide", DIVIDE, np.divide, lower_elementwise),
    Primitive("power", POWER, np.power, lower_elementwise),
    Primitive("logical_and", AND, np.logical_and, lower_elementwise),
    Primitive("logical_or", OR, np.logical_or, lower_elementwise),
    Primitive("logical_xor", XOR, np.logical_xor, lower_elementwise),
)
