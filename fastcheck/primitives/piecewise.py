"""Operations with a switch: comparisons, maximum, minimum, absolute value, sign, where.

Each notes, per element, on which side of its switch it lies (the sign of ``a - b``), so that two
evaluations can be compared: where a side differs, a kink or a jump lies between them. ``where``
notes nothing, since its condition already did.

``_NAME_difference`` is the change of the output where every operand moves by any amount, operands
and moved operands being meant exactly. Nothing cancels: the results are good to 2 ulp, and exact
where no side is changed. Only answers (of comparisons, and signs) are subtracted: whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastcheck.primitives.base import FAMILY_SIZE, Form, Lowering, Primitive
from fastcheck.primitives.broadcast import lower_elementwise
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import binary_loop
from fastcheck.primitives.piecewise_error import (
    absolute_error,
    comparison_error,
    extreme_error,
    sign_error,
    where_error,
)
from fastcheck.primitives.piecewise_slope import (
    absolute_slopes,
    maximum_slopes,
    minimum_slopes,
    where_slopes,
)
from fastcheck.primitives.rounding import rise, sum_error
from fastcheck.primitives.slopes import no_slopes
from fastcheck.primitives.smooth_series import Real

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

# The side of a switch whose operands cannot be compared: one of them is nan.
_UNORDERED = 2
# The sides -1, 0, 1 and _UNORDERED as bits of a set.
_BELOW, _ON, _ABOVE, _NEITHER = 1, 2, 4, 8


@kernel
def _maximum(x: float, y: float) -> float:
    # As NumPy's: a nan on either side is the result.
    return x if x >= y or x != x else y


@kernel
def _maximum_difference(x: float, dx: float, y: float, dy: float) -> float:
    # The larger of the moved operands less the maximum b of before: max(d_b, (o + d_o) - b).
    if x < y:
        x, dx, y, dy = y, dy, x, dx
    other = rise(x, y, dy)
    if other > dx:
        return other
    return dx


@kernel
def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


@kernel
def _minimum_difference(x: float, dx: float, y: float, dy: float) -> float:
    # As for the maximum: min(d_b, (o + d_o) - b).
    if x > y:
        x, dx, y, dy = y, dy, x, dx
    other = rise(x, y, dy)
    if other < dx:
        return other
    return dx


@kernel
def _side(x: float, y: float) -> int:
    return int(x > y) - int(x < y) if x == x and y == y else _UNORDERED


@kernel
def _moved_side(x: float, dx: float, y: float, dy: float) -> int:
    """Return the side of x + dx and y + dy, neither of them rounded."""
    if x == y and abs(x) == math.inf:
        return 0
    gap, step = x - y, dx - dy
    moved = gap + step
    rest = sum_error(gap, step, moved) + (sum_error(x, -y, gap) + sum_error(dx, -dy, step))
    return _side(moved + rest, 0.0)


@kernel
def _comparison_difference(x: float, dx: float, y: float, dy: float, accepted: int) -> float:
    """Return -1, 0 or 1: a subtraction of the two answers, `accepted` as in `_answer_loop`."""
    after = accepted >> (_moved_side(x, dx, y, dy) + 1) & 1
    return float(after - (accepted >> (_side(x, y) + 1) & 1))


@kernel
def _accepted(code: int) -> int:
    """Return the sides at which the comparison `code` is true, as bits."""
    if code == GREATER:
        return _ABOVE
    if code == GREATER_EQUAL:
        return _ABOVE | _ON
    if code == LESS:
        return _BELOW
    if code == LESS_EQUAL:
        return _BELOW | _ON
    if code == EQUAL:
        return _ON
    return _BELOW | _ABOVE | _NEITHER


@kernel
def _sign_difference(z: float, d: float) -> float:
    # A subtraction of two signs. Rounding leaves a sum its sign, and 0 only where it is 0.
    return float(_side(z + d, 0.0) - _side(z, 0.0)) if d != 0.0 else 0.0


@kernel
def _absolute_difference(z: float, d: float) -> float:
    # max(z + d, -z - d) - z for z >= 0, and the same mirrored.
    if z < 0.0:
        z, d = -z, -d
    across = -(2.0 * z + d)
    if across > d:
        return across
    return d


@kernel
def _where_difference(
    condition: float, dcondition: float, a: float, da: float, b: float, db: float
) -> float:
    # Of the branch that was taken, b, to the one that is: d_b, or (o + d_o) - b.
    taken = condition + dcondition != 0.0
    if condition != 0.0:
        return da if taken else rise(a, b, db)
    return rise(b, a, da) if taken else db


@np.errstate(all="ignore")
def _sides(x: Real, y: Real, margin: Real) -> tuple[Real, Real, Real]:
    """Return where x is certainly above y, where certainly below, and within which steps.

    While abs(dx) + abs(dy) is no larger than that limit, the side is certainly the same: half the
    gap, so that the rounding of the gap does not matter. 0 within `margin` of the switch.
    """
    limit = np.nan_to_num(0.5 * (np.abs(x - y) - margin), nan=0.0, posinf=math.inf)
    limit = np.where(np.equal(x, y) | ~(limit > 0.0), 0.0, limit)
    return (x > y) & (limit > 0.0), (x < y) & (limit > 0.0), limit


# The coefficients of each: the slopes in x and in y on this side of the switch, and the limit.


def _maximum_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    above, below, limit = _sides(operands[0], operands[1], margin)
    return above * 1.0, below * 1.0, limit


def _minimum_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    above, below, limit = _sides(operands[0], operands[1], margin)
    return below * 1.0, above * 1.0, limit


def _absolute_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    above, below, limit = _sides(operands[0], np.zeros(()), margin)
    return above * 1.0 - below * 1.0, above * 0.0, limit


def _comparison_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    above, _, limit = _sides(operands[0], operands[1], margin)
    return above * 0.0, above * 0.0, limit


def _sign_coefficients(
    operands: Sequence[Real], result: Real, margin: Real
) -> tuple[Real, Real, Real]:
    above, _, limit = _sides(operands[0], np.zeros(()), margin)
    return above * 0.0, above * 0.0, limit


@kernel
def difference(code: int, x: float, dx: float, y: float, dy: float, c: float, dc: float) -> float:
    """Return the change of the operation `code` where its operands move by dx, dy and dc."""
    if code == MAXIMUM:
        return _maximum_difference(x, dx, y, dy)
    if code == MINIMUM:
        return _minimum_difference(x, dx, y, dy)
    if code == ABSOLUTE:
        return _absolute_difference(x, dx)
    if code == SIGN:
        return _sign_difference(x, dx)
    if code == WHERE:
        return _where_difference(x, dx, y, dy, c, dc)
    return _comparison_difference(x, dx, y, dy, _accepted(code))


_maximum_loop = binary_loop(_maximum)
_minimum_loop = binary_loop(_minimum)
_side_loop = binary_loop(_side)


@kernel
def _answer_loop(out: Any, decisions: Any, accepted: int) -> None:
    """Fill 1 where the side is among those whose bits, counted from -1, are set in `accepted`."""
    for j in range(out.size):
        out[j] = accepted >> (decisions[j] + 1) & 1


@kernel
def _sign_loop(a: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = int(a[j] > 0.0) - int(a[j] < 0.0) if a[j] == a[j] else a[j]


@kernel
def _absolute_loop(a: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = abs(a[j])


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
    """Fill `out` by the operation `code`, and `decisions` (int32) by the side of each switch.

    ABSOLUTE and SIGN have a zero for their second operand.
    """
    if code == WHERE:
        _where_loop(a, b, c, out, dims)
        return
    _side_loop(a, b, decisions, dims)
    if code == MAXIMUM:
        _maximum_loop(a, b, out, dims)
    elif code == MINIMUM:
        _minimum_loop(a, b, out, dims)
    elif code == ABSOLUTE:
        _absolute_loop(a, out)
    elif code == SIGN:
        _sign_loop(a, out)
    else:
        _answer_loop(out, decisions, _accepted(code))


_lower_deciding = partial(lower_elementwise, decides=True)


def _lower_sided(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    out, a = lowering.span(output), lowering.span(inputs[0])
    zero = lowering.store(np.zeros(1))
    lowering.emit(code, out, (a, zero), (1, out.size, 0, 1, 0, 0), decisions=out.size)


_comparison = partial(
    Primitive,
    lower=_lower_deciding,
    form=Form.FLAT,
    coefficients=_comparison_coefficients,
    error=comparison_error,
    slopes=no_slopes,
)

PRIMITIVES = (
    Primitive(
        "maximum",
        MAXIMUM,
        np.maximum,
        _lower_deciding,
        form=Form.SIDED,
        coefficients=_maximum_coefficients,
        error=extreme_error,
        slopes=maximum_slopes,
    ),
    Primitive(
        "minimum",
        MINIMUM,
        np.minimum,
        _lower_deciding,
        form=Form.SIDED,
        coefficients=_minimum_coefficients,
        error=extreme_error,
        slopes=minimum_slopes,
    ),
    _comparison("greater", GREATER, np.greater),
    _comparison("greater_equal", GREATER_EQUAL, np.greater_equal),
    _comparison("less", LESS, np.less),
    _comparison("less_equal", LESS_EQUAL, np.less_equal),
    _comparison("equal", EQUAL, np.equal),
    _comparison("not_equal", NOT_EQUAL, np.not_equal),
    Primitive(
        "absolute",
        ABSOLUTE,
        np.absolute,
        _lower_sided,
        form=Form.SIDED,
        coefficients=_absolute_coefficients,
        error=absolute_error,
        slopes=absolute_slopes,
    ),
    Primitive(
        "sign",
        SIGN,
        np.sign,
        _lower_sided,
        form=Form.FLAT,
        coefficients=_sign_coefficients,
        error=sign_error,
        slopes=no_slopes,
    ),
    Primitive(
        "where",
        WHERE,
        np.where,
        lower_elementwise,
        form=Form.CHOICE,
        error=where_error,
        slopes=where_slopes,
    ),
)
