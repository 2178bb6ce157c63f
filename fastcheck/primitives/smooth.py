"""Smooth functions of one argument."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcheck.primitives.base import FAMILY_SIZE, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import unary_loop

FAMILY = 1
NEGATIVE, RECIPROCAL, SQUARE, SQRT, EXP, EXPM1, LOG, LOG1P, TANH = range(
    FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 9
)


@kernel
def _negative(x: float) -> float:
    return -x


@kernel
def _reciprocal(x: float) -> float:
    return 1.0 / x


@kernel
def _square(x: float) -> float:
    return x * x


@kernel
def _sqrt(x: float) -> float:
    return math.sqrt(x)


@kernel
def _exp(x: float) -> float:
    return math.exp(x)


@kernel
def _expm1(x: float) -> float:
    return math.expm1(x)


@kernel
def _log(x: float) -> float:
    return math.log(x)


@kernel
def _log1p(x: float) -> float:
    return math.log1p(x)


@kernel
def _tanh(x: float) -> float:
    return math.tanh(x)


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
    Primitive("negative", NEGATIVE, np.negative, lower_elementwise),
    Primitive("reciprocal", RECIPROCAL, np.reciprocal, lower_elementwise),
    Primitive("square", SQUARE, np.square, lower_elementwise),
    Primitive("sqrt", SQRT, np.sqrt, lower_elementwise),
    Primitive("exp", EXP, np.exp, lower_elementwise),
    Primitive("expm1", EXPM1, np.expm1, lower_elementwise),
    Primitive("log", LOG, np.log, lower_elementwise),
    Primitive("log1p", LOG1P, np.log1p, lower_elementwise),
    Primitive("tanh", TANH, np.tanh, lower_elementwise),
)
