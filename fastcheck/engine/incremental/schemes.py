"""Finite-difference schemes: the multiples of h at which the loss is differenced, and the weights.

The weights are those of Fornberg, "Generation of finite difference formulas on arbitrarily spaced
grids", Mathematics of Computation 51 (1988), table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import unknown_choice


@dataclass(frozen=True, slots=True)
class Scheme:
    """``g = sum_p weights[p] (L(w + points[p] h) - L(w)) / h``.

    Attributes
    ----------
    points, weights
        float64 (p,). The first point is +h and the second -h, with weight 0 in a one-sided scheme:
        the slopes of either side say what there is at a kink.
    order
        Truncation goes with this power of h.
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    order: int


def _scheme(points: list[float], weights: list[float], order: int) -> Scheme:
    return Scheme(np.array(points), np.array(weights), order)


SCHEMES = {
    "central": _scheme([1.0, -1.0], [0.5, -0.5], 2),
    "forward": _scheme([1.0, -1.0], [1.0, 0.0], 1),
    "backward": _scheme([1.0, -1.0], [0.0, -1.0], 1),
    "central4": _scheme(
        [1.0, -1.0, 2.0, -2.0], [2.0 / 3.0, -2.0 / 3.0, -1.0 / 12.0, 1.0 / 12.0], 4
    ),
}


def scheme_of(name: str) -> Scheme:
    """Return a scheme by its name.

    Raises
    ------
    UnknownChoice
        If there is none of that name.
    """
    if name not in SCHEMES:
        raise unknown_choice("scheme", name, tuple(SCHEMES))
    return SCHEMES[name]
