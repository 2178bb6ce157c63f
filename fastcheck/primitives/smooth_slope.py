"""The slope rules of `fastcheck.primitives.smooth`; see `fastcheck.primitives.slopes`.

The operand is z with bound dz, the result y with bound dy. Users take a slope from either, whatever
is handy (``1 - y^2``, ``1 / cosh(z)^2``): each rule covers both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import ALLOWANCE, FUNCTION, Bound
from fastcheck.primitives.slopes import Point, Real, Slope, least

Derivative = Callable[[NDArray[np.float64], Bound, NDArray[np.float64], Bound, float], Slope]


def _rule(derivative: Derivative) -> Callable[..., tuple[Slope, ...]]:
    def rule(point: Point) -> tuple[Slope, ...]:
        return (derivative(point.operands[0], point.errors[0], *point[2:]),)

    return rule


def _negative(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    return Slope(-1.0)


def _reciprocal(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # -y^2
    square = np.square(y)
    return Slope(-square, 2 * np.abs(y) * dy + ALLOWANCE * np.square(dy) + 2 * u * square)


def _square(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # 2 z
    slope = 2.0 * z
    return Slope(slope, 2.0 * dz + u * np.abs(slope))


def _sqrt(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # 1 / 2y, whose relative error is that of y
    slope = 0.5 / y
    return Slope(slope, slope * (dy / least(y, dy) + 2 * u))


def _exp(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # y
    return Slope(y, dy + FUNCTION * u * np.abs(y))


def _expm1(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # exp(z), or y + 1, where nothing is left of y = -1
    slope = np.exp(z)
    return Slope(slope, dy + u * (1.0 + FUNCTION * slope) + slope * np.expm1(dz))


def _log(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # 1 / z
    slope = 1.0 / z
    return Slope(slope, np.abs(slope) * (dz / least(z, dz) + u))


def _log1p(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # 1 / (1 + z), with z rounded to no more than u of 1
    sum_ = 1.0 + z
    slope = 1.0 / sum_
    return Slope(slope, np.abs(slope) * (dz / least(sum_, dz) + 2 * u))


def _tanh(z: Real, dz: Bound, y: Real, dy: Bound, u: float) -> Slope:
    # 1 - y^2, where no more is known of a saturated y than u of 1
    square = np.square(y)
    slope = (1.0 - y) * (1.0 + y)
    error = 2 * np.abs(y) * dy + ALLOWANCE * np.square(dy) + u * (square + 2 * slope)
    return Slope(slope, error, uncancelled=1.0 + square)


negative_slopes = _rule(_negative)
reciprocal_slopes = _rule(_reciprocal)
square_slopes = _rule(_square)
sqrt_slopes = _rule(_sqrt)
exp_slopes = _rule(_exp)
expm1_slopes = _rule(_expm1)
log_slopes = _rule(_log)
log1p_slopes = _rule(_log1p)
tanh_slopes = _rule(_tanh)
