"""A product that hands down the gradient times another matrix than its own: that of older weights.

Only to be told where a layer may be asked: dx = dy M is then solved for M.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fastcheck.diagnose.case import Case
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.layers import Probed, faulty

_MATRIX = 2
# What is left over, as a share of what was handed down.
_LEFT = 1e4


def other_matrix(case: Case, layers: Sequence[Probed]) -> Iterator[Explanation]:
    """Yield the one layer whose dx is dy times a matrix, but not its weights."""
    suspected = faulty(layers)
    if len(suspected) != 1 or suspected[0].wrong or not suspected[0].weights:
        return
    layer = suspected[0]
    weights = [w for w in layer.weights if w.ndim == _MATRIX]
    dy, dx = layer.dy, layer.dx
    if len(weights) != 1 or dy.ndim != _MATRIX or dx.ndim != _MATRIX or not np.any(dx):
        return
    # More rows than unknowns, or any dx would do.
    matrix, _, rank, _ = np.linalg.lstsq(dy, dx, rcond=None)
    if rank >= len(dy):
        return
    u = max(case.unit_roundoff, 2.0**-53)
    size = np.abs(dy) @ np.abs(matrix) + np.max(np.abs(dx))
    if np.all(np.abs(dy @ matrix - dx) <= _LEFT * u * size):
        text = (
            "The gradient of {names}: what is handed down is dy times a matrix that is not W^T, "
            "such as the weights from before the last update; look which array the backward reads."
        )
        yield Explanation("stale", text, case.wrong)
