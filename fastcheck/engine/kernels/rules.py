"""The exact rules, for steps of any size, one element or one group at a time, with the switches."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.layout import CROSSED, NEAR
from fastcheck.primitives import arithmetic, piecewise, reductions, smooth
from fastcheck.primitives.base import FAMILY_SIZE
from fastcheck.primitives.jit import kernel

_ARITHMETIC = arithmetic.FAMILY
_SMOOTH = smooth.FAMILY
_PIECEWISE = piecewise.FAMILY
_WHERE = piecewise.WHERE
_arithmetic_difference = arithmetic.difference
_smooth_difference = smooth.difference
_piecewise_difference = piecewise.difference
_extreme_difference = reductions._extreme_difference
_side = piecewise._side
_moved_side = piecewise._moved_side


@kernel
def difference(code: int, x: float, dx: float, y: float, dy: float, c: float, dc: float) -> float:
    """Return the change of the operation `code` where its operands x, y, c move by dx, dy, dc."""
    family = code // FAMILY_SIZE
    if family == _SMOOTH:
        return _smooth_difference(code, x, dx)
    if family == _ARITHMETIC:
        return _arithmetic_difference(code, x, dx, y, dy)
    return _piecewise_difference(code, x, dx, y, dy, c, dc)


@kernel
def switch_bits(code: int, x: float, dx: float, y: float, dy: float, margin: float) -> int:
    """Return CROSSED and NEAR for the switch between x and y; 0 where it does not move."""
    if code // FAMILY_SIZE != _PIECEWISE or code == _WHERE or dx == dy:
        return 0
    if not abs(x - y) > margin:
        return NEAR
    return CROSSED if _side(x, y) != _moved_side(x, dx, y, dy) else 0


@kernel
def extreme(z: Any, d: Any, errors: Any, sign: float) -> tuple[float, int]:
    """Return the change of the extreme of a group in one lane, and its switch bits.

    Parameters
    ----------
    z, d, errors
        float64 (members,): the members, their changes, and the rounding of each.
    sign
        1: maximum; -1: minimum.
    """
    best = 0
    for k in range(1, z.size):
        if sign * z[k] > sign * z[best]:
            best = k
    bits = 0
    for k in range(z.size):
        if d[k] == d[best]:
            continue
        gap = sign * (z[best] - z[k])
        if not gap > errors[best] + errors[k]:
            bits |= NEAR
        elif sign * (d[k] - d[best]) > gap:
            bits |= CROSSED
    return _extreme_difference(z, d, z[best], sign), bits
