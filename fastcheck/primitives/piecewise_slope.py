"""The slope rules of `fastcheck.primitives.piecewise`; see `fastcheck.primitives.slopes`.

Nothing is rounded here. Where an operand lies within its error of a switch, either side may be
right.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import ALLOWANCE, Bound, is_exact
from fastcheck.primitives.slopes import NONE, Point, Slope


def _sided(gap: NDArray[np.float64], reach: Bound, below: float, above: float) -> Slope:
    """Return the slope of what has `below` for gap < 0 and `above` for gap > 0."""
    middle, half = 0.5 * (below + above), 0.5 * abs(above - below)
    near = np.abs(gap) <= reach
    slope = np.where(near, middle, np.where(gap > 0, above, below))
    return Slope(slope, 0.0, np.where(near, half, 0.0) if np.any(near) else 0.0)


def _extreme(sign: float) -> Callable[..., tuple[Slope, ...]]:
    def rule(point: Point) -> tuple[Slope, ...]:
        (x, y), (dx, dy) = point.operands, point.errors
        gap, reach = sign * (x - y), ALLOWANCE * (dx + dy)
        return _sided(gap, reach, 0.0, 1.0), _sided(-gap, reach, 0.0, 1.0)

    return rule


maximum_slopes = _extreme(1.0)
minimum_slopes = _extreme(-1.0)


def absolute_slopes(point: Point) -> tuple[Slope, ...]:
    """Return the sign."""
    return (_sided(point.operands[0], ALLOWANCE * point.errors[0], -1.0, 1.0),)


def where_slopes(point: Point) -> tuple[Slope, ...]:
    """Return 1 for the branch taken and 0 for the other; where that is in doubt, either."""
    condition, doubt = point.operands[0], point.errors[0]
    taken = np.asarray(condition != 0, np.float64)
    if is_exact(doubt) or not np.any(doubt):
        return NONE, Slope(taken), Slope(1.0 - taken)
    open_ = np.greater(doubt, 0) & (np.abs(condition) <= ALLOWANCE * doubt)
    half = np.where(open_, 0.5, 0.0)
    first, second = np.where(open_, 0.5, taken), np.where(open_, 0.5, 1.0 - taken)
    return NONE, Slope(first, 0.0, half), Slope(second, 0.0, half)
