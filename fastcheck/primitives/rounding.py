"""Sums of which the rounding is known, for the difference rules of every family."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.primitives.jit import kernel


@kernel
def sum_error(x: float, y: float, total: float) -> float:
    """Return ``x + y - total`` exactly, `total` being x + y rounded; 0 where one is not finite.

    Knuth's TwoSum (The Art of Computer Programming 2, 4.2.2, theorem B), without a branch.
    """
    back = total - x
    error = (x - (total - back)) + (y - back)
    return error if error == error else 0.0


@np.errstate(all="ignore")
def sum_errors(x: Any, y: Any, total: Any) -> Any:
    """Return the same in NumPy, of float64 arrays or numbers."""
    back = total - x
    error = (x - (total - back)) + (y - back)
    return np.where(np.isnan(error), 0.0, error)


@kernel
def rise(base: float, other: float, d: float) -> float:
    """Return ``(other + d) - base`` to 2 ulp whatever cancels; exactly d where they are equal."""
    gap = other - base
    moved = (gap + d) + sum_error(other, -base, gap)
    return moved if other != base else d
