"""The error rule of `fastcheck.primitives.losses`; see `fastcheck.primitives.running_error`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import (
    ALLOWANCE,
    FUNCTION,
    Bound,
    Operands,
    is_exact,
    largest,
    underflow,
)

# Up to this bound of a score the loss is taken by its slope and curvature.
_CURVE_SERVES = 0.5


def softmax_cross_entropy_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float
) -> Bound:
    """Bound a row's T log sum_k exp(z_k) - sum_k t_k z_k, however the user's code spells it.

    With s = z - c for any c (0, the largest, ..), S = sum_k exp(s_k), p = exp(s) / S, the spellings
    are log p = s - log S, z - (c + log S) and log(exp(s) / S). Written with m = max z and the range
    R = max |z - m| of what does not underflow, so that |m - c| <= max(R, |m|), the roundings are:

    - s by u (|z - m| + |m - c|); exp(s) by FUNCTION u; S by (C - 1) u, C being the scores in a row;
      p by FUNCTION + 1 roundings more; log S, or log p, by FUNCTION u of itself;
    - log p by 2 u |log p|, t log p by u of itself, and their sum by (C - 1) u |t log p|;
    - where p, or exp(m), is too small for all its digits, what that leaves of it.
    """
    (z, t), (dz, dt) = operands, errors
    count = z.shape[1]
    if count == 0:
        return 0.0
    best = np.max(z, axis=1, keepdims=True)
    shifted = z - best
    powers = np.exp(shifted)
    total = np.sum(powers, axis=1, keepdims=True)
    norm = np.log(total)
    p = powers / total
    # A score of -inf has no weight, unless its target has.
    log_p = np.where((powers > 0) | (t != 0), shifted - norm, 0.0)
    weight = np.abs(t)
    reach = np.max(np.where(powers > 0, -shifted, 0.0), axis=1, keepdims=True)
    per_row = (FUNCTION + 1) * (reach + np.abs(best)) + FUNCTION * (norm + 2) + count
    per_score = u * (per_row + (FUNCTION + count + 3) * np.abs(log_p))
    faint = _faint(p, u) + count * _faint(np.exp(best), u)
    bound = np.sum(weight * (per_score + faint), axis=1) + count * underflow(u)
    if not is_exact(dz):
        bound = bound + _moved(dz, p, t, weight)
    if not is_exact(dt):
        bound = bound + np.sum(np.abs(log_p) * dt, axis=1)
    return bound


def _faint(number: NDArray[np.float64], u: float) -> NDArray[np.float64]:
    """Return the relative error by underflow; 0 where it would be a whole, and the loss inf."""
    least = underflow(u)
    return np.where(number >= least, (FUNCTION + 1) * least / number, 0.0)


def _moved(
    dz: Bound, p: NDArray[np.float64], t: NDArray[np.float64], weight: NDArray[np.float64]
) -> Bound:
    """Return half of how far the loss moves where every z_k moves by up to d_k = 2 dz_k.

    |T p - t| d, and T/2 sum_k p'_k d_k^2 for the curvature, p' being at most p exp(2 max d).
    For large d: T times the largest, and t d.
    """
    dz = np.broadcast_to(dz, p.shape)
    whole = np.abs(np.sum(t, axis=1, keepdims=True))
    farthest = np.max(dz, axis=1, keepdims=True)
    curved = 0.5 * ALLOWANCE * np.exp(2 * ALLOWANCE * farthest) * whole * p * np.square(dz)
    bound = np.sum(np.abs(np.sum(t, axis=1, keepdims=True) * p - t) * dz + curved, axis=1)
    if largest(dz) > _CURVE_SERVES:
        straight = np.where(weight > 0, weight * dz, 0.0)
        far = np.sum(straight, axis=1) + np.squeeze(whole * farthest, axis=1)
        bound = np.where(farthest[:, 0] > _CURVE_SERVES, far, bound)
    return bound
