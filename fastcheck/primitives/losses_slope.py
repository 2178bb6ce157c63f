"""The slope rule of `fastcheck.primitives.losses`; see `fastcheck.primitives.slopes`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import (
    ALLOWANCE,
    FUNCTION,
    Bound,
    is_exact,
    underflow,
)
from fastcheck.primitives.slopes import Point, Slope
from fastcheck.primitives.softmax import softmax


def softmax_error(
    z: NDArray[np.float64], dz: Bound, p: NDArray[np.float64], u: float
) -> NDArray[np.float64]:
    """Bound p = softmax(z), row by row.

    Where every score is off by s_k, p_k is off by p_k ((1 - p_k) s_k - sum_{j != k} p_j s_j) to
    first order, and by exp(2 max s) of that at most. s_k is dz_k and what the exponent is rounded
    by, u (|z_k - m| + |m|) with m = max z (a shift by any number up to m costs no more); exp, sum
    of C and quotient add (2 FUNCTION + C + 1) u.
    """
    count = z.shape[1]
    best = np.max(z, axis=1, keepdims=True, initial=-np.inf)
    far = np.where(np.isfinite(best), np.abs(best), 0.0)
    shaken = u * (np.where(p > 0, np.abs(z - best), 0.0) + far)
    if not is_exact(dz):
        shaken = shaken + dz
    mean = np.sum(p * shaken, axis=1, keepdims=True)
    relative = np.maximum(1.0 - p, 0.0) * shaken + np.maximum(mean - p * shaken, 0.0)
    largest = np.max(shaken, axis=1, keepdims=True, initial=0.0)
    grown = relative * np.exp(2 * ALLOWANCE * largest) + u * (2 * FUNCTION + count + 1)
    return np.asarray(p * grown + (FUNCTION + 1) * underflow(u))


def softmax_cross_entropy_slopes(point: Point) -> tuple[Slope, ...]:
    """Return T p - t by the scores, however a user's backward comes to it, and -log p by targets.

    A backward through the logarithm and the softmax one by one multiplies t by p / p and adds C
    terms: t is then known to (C + 4) u.
    """
    (z, t), (dz, dt), _, _, u = point
    p = softmax(z)
    weight, whole = np.abs(t), np.sum(t, axis=1, keepdims=True)
    bound = np.abs(whole) * softmax_error(z, dz, p, u) + (z.shape[1] + 4) * u * weight
    by_scores = Slope(whole * p - t, bound, uncancelled=np.abs(whole) * p + weight)
    shifted = z - np.max(z, axis=1, keepdims=True, initial=-np.inf)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return by_scores, Slope(-log_p, 0.0 if is_exact(dt) else np.inf)
