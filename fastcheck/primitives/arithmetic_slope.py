"""The slope rules of `fastcheck.primitives.arithmetic`; see `fastcheck.primitives.slopes`.

Operands are x and y with bounds dx and dy, the result r with bound dr.
"""

from __future__ import annotations

import numpy as np

from fastcheck.primitives.running_error import ALLOWANCE, FUNCTION, Bound, is_exact
from fastcheck.primitives.slopes import ONE, Point, Slope, least

_MINUS = Slope(-1.0)


def add_slopes(point: Point) -> tuple[Slope, ...]:
    """Return 1 and 1."""
    return ONE, ONE


def subtract_slopes(point: Point) -> tuple[Slope, ...]:
    """Return 1 and -1."""
    return ONE, _MINUS


def multiply_slopes(point: Point) -> tuple[Slope, ...]:
    """Return y and x."""
    (x, y), (dx, dy) = point.operands, point.errors
    return Slope(y, dy), Slope(x, dx)


def divide_slopes(point: Point) -> tuple[Slope, ...]:
    """Return 1 / y and -r / y, whose relative error is that of y, of r and y."""
    (_, y), (_, dy), r, dr, u = point
    size = np.abs(1.0 / y)
    relative = dy / least(y, dy) + u
    by_divisor = r / y
    error_by_divisor = size * dr + (np.abs(by_divisor) + ALLOWANCE * size * dr) * relative
    return Slope(1.0 / y, size * relative), Slope(-by_divisor, error_by_divisor)


def power_slopes(point: Point) -> tuple[Slope, ...]:
    """Return y x^(y - 1) and r log x.

    The first moves with x by y (y - 1) x^(y - 2), taken at the end where that is larger, and with y
    by x^(y - 1) (1 + |y log x|). In x^(y - 1) the exponent is rounded, unless it is whole.
    """
    (x, y), (dx, dy), r, dr, u = point
    power = np.power(x, y - 1.0)
    slope = y * power
    size = np.abs(x)
    logarithm = np.log(size)
    whole = (y == np.floor(y)) | (x == 0)
    rounded = FUNCTION + np.where(whole, 0.0, np.abs((y - 1.0) * logarithm))
    rounding = rounded * u * np.abs(slope)
    moved: Bound = 0.0
    if not is_exact(dx):
        end = np.where(y >= 2.0, size + ALLOWANCE * dx, least(x, dx))
        bend = np.abs(y * (y - 1.0))
        moved = np.where(bend == 0, 0.0, bend * dx * np.power(end, y - 2.0))
    if not is_exact(dy):
        moved = moved + np.abs(power) * (1.0 + np.abs(y * logarithm)) * dy
    by_exponent = r * logarithm
    near = dx / least(x, dx)
    error_by_exponent = np.abs(logarithm) * dr + (np.abs(r) + ALLOWANCE * dr) * near
    error_by_exponent = error_by_exponent + FUNCTION * u * np.abs(by_exponent)
    return Slope(slope, moved + rounding), Slope(by_exponent, error_by_exponent)


def logaddexp_slopes(point: Point) -> tuple[Slope, ...]:
    """Return p = exp(x - r) and q = exp(y - r) = 1 - p.

    Both move by at most p q (exp(2 dx + 2 dy) - 1) / 2 where the gap x - y does, which is rounded;
    in a user's exp(x - r) so is r.
    """
    (x, y), (dx, dy), r, _, u = point
    gap = x - y
    small = np.exp(-np.abs(gap))
    more, fewer = 1.0 / (1.0 + small), small / (1.0 + small)
    p, q = np.where(gap >= 0, more, fewer), np.where(gap >= 0, fewer, more)
    both = p * q
    shaken = both * np.expm1(ALLOWANCE * (dx + dy)) / ALLOWANCE
    shaken = shaken + u * np.where(both > 0, np.abs(gap), 0.0) * both
    rounding = u * (np.abs(r) + 2 * FUNCTION)
    return Slope(p, shaken + rounding * p), Slope(q, shaken + rounding * q)
