"""Operations with a switch: comparisons, maximum, minimum, absolute value, sign, where.

Each notes, per element, on which side of its switch it lies (the sign of ``a - b``), so that two
evaluations can be compared: where a side differs, a kink or a jump lies between them. ``where`` notes
nothing, since its condition already did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastcheck.primitives.base import FAMILY_SIZE, Lowering, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import deciding_loop

FAMILY = 2
(
    MAXIMUM,
    MINIMUM,
    GREATER,
    GREATER_EQUAL,
    LESS,
    LESS_EQUAL,
    EQUAL,
    NOT_EQUAL,
    ABSOLUTE,
    SIGN,
    WHERE,
) = range(FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 11)


@kernel
def _maximum(x: float, y: float) -> float:
    # As NumPy's: a nan on either side is the result.
    return x if x >= y or x != x else y


@kernel
def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


@kernel
def _greater(x: float, y: float) -> float:
    return 1.0 if x > y else 0.0


@kernel
def _greater_equal(x: float, y: float) -> float:
    return 1.0 if x >= y else 0.0


@kernel
def _less(x: float, y: float) -> float:
    return 1.0 if x < y else 0.0


@kernel
def _less_equal(x: float, y: float) -> float:
    return 1.0 if x <= y else 0.0


@kernel
def _equal(x: float, y: float) -> float:
    return 1.0 if x == y else 0.0


@kernel
def _not_equal(x: float, y: float) -> float:
    return 1.0 if x != y else 0.0


_maximum_loop = deciding_loop(_maximum)
_minimum_loop = deciding_loop(_minimum)
_greater_loop = deciding_loop(_greater)
_greater_equal_loop = deciding_loop(_greater_equal)
_less_loop = deciding_loop(_less)
_less_equal_loop = deciding_loop(_less_equal)
_equal_loop = deciding_loop(_equal)
_not_equal_loop = deciding_loop(_not_equal)


@kernel
def _absolute_loop(a: Any, out: Any, decisions: Any) -> None:
    for j in range(out.size):
        out[j] = abs(a[j])
        decisions[j] = (a[j] > 0.0) - (a[j] < 0.0)


@kernel
def _sign_loop(a: Any, out: Any, decisions: Any) -> None:
    for j in range(out.size):
        side = (a[j] > 0.0) - (a[j] < 0.0)
        out[j] = side if a[j] == a[j] else a[j]
        decisions[j] = side


@kernel
def _where_loop(condition: Any, a: Any, b: Any, out: Any, dims: Any) -> None:
    inner = dims[1]
    for i in range(dims[0]):
        row = out[i * inner : (i + 1) * inner]
        c = condition[i * dims[2] :]
        x = a[i * dims[4] :]
        y = b[i * dims[6] :]
        for j in range(inner):
            row[j] = x[j * dims[5]] if c[j * dims[3]] != 0.0 else y[j * dims[7]]


@kernel
def run(code: int, a: Any, b: Any, c: Any, out: Any, dims: Any, decisions: Any) -> None:
    """Fill `out` by the operation `code`, and `decisions` (int32) by the side of each switch."""
    if code == MAXIMUM:
        _maximum_loop(a, b, out, dims, decisions)
    elif code == MINIMUM:
        _minimum_loop(a, b, out, dims, decisions)
    elif code == GREATER:
        _greater_loop(a, b, out, dims, decisions)
    elif code == GREATER_EQUAL:
        _greater_equal_loop(a, b, out, dims, decisions)
    elif code == LESS:
        _less_loop(a, b, out, dims, decisions)
    elif code == LESS_EQUAL:
        _less_equal_loop(a, b, out, dims, decisions)
    elif code == EQUAL:
        _equal_loop(a, b, out, dims, decisions)
    elif code == NOT_EQUAL:
        _not_equal_loop(a, b, out, dims, decisions)
    elif code == ABSOLUTE:
        _absolute_loop(a, out, decisions)
    elif code == SIGN:
        _sign_loop(a, out, decisions)
    else:
        _where_loop(a, b, c, out, dims)


def _lower_deciding(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    lower_elementwise(lowering, code, inputs, output, attributes, decisions=True)


PRIMITIVES = (
    Primitive("maximum", MAXIMUM, np.maximum, _lower_deciding),
    Primitive("minimum", MINIMUM, np.minimum, _lower_deciding),
    Primitive("greater", GREATER, np.greater, _lower_deciding),
    Primitive("greater_equal", GREATER_EQUAL, np.greater_equal, _lower_deciding),
    Primitive("less", LESS, np.less, _lower_deciding),
    Primitive("less_equal", LESS_EQUAL, np.less_equal, _lower_deciding),
    Primitive("equal", EQUAL, np.equal, _lower_deciding),
    Primitive("not_equal", NOT_EQUAL, np.not_equal, _lower_deciding),
    Primitive("absolute", ABSOLUTE, np.absolute, _lower_deciding),
    Primitive("sign", SIGN, np.sign, _lower_deciding),
    Primitive("where", WHERE, np.where, lower_elementwise),
)
