"""A product that hands down the gradient times another matrix than its own: that of older weights.

Only to be told where a layer may be asked: dx = dy M is then solved for M.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastcheck.diagnose.case import Array, Case
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.layers import Probed

_MATRIX = 2
# What is left over, as a share of what was handed down.
_LEFT = 1e4


def other_matrix(case: Case, layer: Probed | None) -> Iterator[Explanation]:
    """Yield that the one layer that is wrong hands down dy times a matrix, but not its weights."""
    if layer is None or layer.wrong or not layer.weights:
        return
    weights = [w for w in layer.weights if w.ndim == _MATRIX]
    dy, dx = layer.dy, layer.dx
    if len(weights) != 1 or dy.ndim != _MATRIX or dx.ndim != _MATRIX or not np.any(dx):
        return
    # More rows than unknowns, or any dx would do.
    matrix, _, rank, _ = np.linalg.lstsq(dy, dx, rcond=None)
    if rank >= len(dy):
        return
    u = max(case.unit_roundoff, 2.0**-53)
    limit = _LEFT * u * (np.abs(dy) @ np.abs(matrix) + np.max(np.abs(dx)))
    if not np.all(np.abs(dy @ matrix - dx) <= limit):
        return
    # A single weight may be off by any factor; more of them are not all off by the same.
    if weights[0].size == 1 or not _is_multiple(dx, layer.due, limit):
        text = (
            "The gradient of {names}: what is handed down is dy times a matrix that is not W^T, "
            "such as the weights from before the last update; look which array the backward reads."
        )
        yield Explanation("stale", text, case.wrong)


def _is_multiple(found: Array, due: Array | None, limit: Array) -> bool:
    """Tell whether it is what it should be but for a factor."""
    size = 0.0 if due is None else float(np.vdot(due, due))
    if due is None or not size:
        return False
    return bool(np.all(np.abs(found - np.vdot(due, found) / size * due) <= limit))
