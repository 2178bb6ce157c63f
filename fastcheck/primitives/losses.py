"""Losses that are one operation: softmax followed by cross entropy.

A row of scores z with targets t, T = sum_k t_k, p = softmax(z), has the loss::

    T log sum_k exp(z_k) - sum_k t_k z_k = -sum_k t_k log p_k

The targets may be any numbers; a target 0 counts nothing, even where its score is -inf.

The differences are those of one row (arrays of one dimension) where any scores move by any amount:
good to a few ulp where one score moves and the row is one-hot, and in general to a few ulp of what
the terms would add up to if none cancelled; as good as p is. The targets do not move: there is no
rule for that.

Sources: Bishop, "Pattern Recognition and Machine Learning" (2006), eq. 4.108; the shift by the
largest: Blanchard, Higham & Higham, "Accurately computing the log-sum-exp and softmax functions",
IMA J. Numer. Anal. 41 (2021).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import FAMILY_SIZE, Form, Lowering, Primitive
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.loops import Shape
from fastcheck.primitives.losses_error import softmax_cross_entropy_error
from fastcheck.primitives.losses_slope import softmax_cross_entropy_slopes
from fastcheck.primitives.rounding import sum_error

FAMILY = 6
SOFTMAX_CROSS_ENTROPY = FAMILY * FAMILY_SIZE

# exp of more than this is close to an overflow, and a sum of exps below _FAINT to an underflow.
_FAR = 700.0
_FAINT = 2.0**-960


@kernel
def _largest(z: Any) -> int:
    """Return where the largest is, -1 where none is greater than -inf."""
    best, place = -math.inf, -1
    for k in range(z.size):
        if z[k] > best:
            best, place = z[k], k
    return place


@kernel
def _softmax_cross_entropy(z: Any, t: Any) -> float:
    # With s = z - max z: T log1p(sum of exp(s) but for the largest) - sum t s; where the largest is
    # the target and saturated, the first is all there is, and log(1 + ..) would lose it.
    place = _largest(z)
    best = z[place] if place >= 0 else -math.inf
    total, rest, straight = 0.0, 0.0, 0.0
    for k in range(z.size):
        s = z[k] - best
        # The largest's own s is 0, or nan where it is inf.
        rest += math.exp(s) if k != place else s
        total += t[k]
        if t[k] != 0.0:
            straight += t[k] * s
    if total == 0.0:
        return -straight
    return total * math.log1p(rest) - straight


@kernel
def _total_and_pivot(t: Any) -> tuple[float, int]:
    """Return T and the target that weighs more than half of it, -1 where none does."""
    total, pivot = 0.0, 0
    for k in range(t.size):
        total += t[k]
        if abs(t[k]) > abs(t[pivot]):
            pivot = k
    if t.size == 0 or not 2.0 * abs(t[pivot]) > abs(total):
        return total, -1
    return total, pivot


@kernel
def _moved_norm(z: Any, d: Any, origin: float) -> float:
    """Return log sum exp(z + d - origin) - log sum exp(z), by subtraction."""
    best, moved_best = -math.inf, -math.inf
    for k in range(z.size):
        best = max(best, z[k])
        moved_best = max(moved_best, z[k] + (d[k] - origin))
    total, moved_total = 0.0, 0.0
    for k in range(z.size):
        total += math.exp(z[k] - best)
        moved_total += math.exp(z[k] + (d[k] - origin) - moved_best)
    return (moved_best - best) + math.log(moved_total / total)


@kernel
def _softmax_cross_entropy_difference(z: Any, d: Any, t: Any, p: Any) -> float:
    # T log1p(X) - sum_k t_k e_k,  X = sum_k p_k expm1(e_k),  e = d - d_y.
    # The loss does not change where all scores move alike, so that any number may be taken from d.
    # It is d_y where one target y weighs more than half: there p_y and t_y / T may be so close to 1
    # that only the other p and t tell by how much they differ from it, and y drops out of both
    # sums. (One-hot: log1p(sum_{k != y} p_k expm1(d_k - d_y)).) Elsewhere it is 0: what does not
    # move drops out. Either way no term is larger than a few times the p_k d_k and t_k d_k, but
    # for y those of all others. Where X < -1/2, 1 + X = sum_k p_k exp(e_k) has no cancellation.
    total, pivot = _total_and_pivot(t)
    origin = d[pivot] if pivot >= 0 else 0.0
    grown, straight, farthest = 0.0, 0.0, 0.0
    for k in range(d.size):
        e = d[k] - origin
        if e == 0.0:
            continue
        growth = math.expm1(min(e, _FAR))
        # What e was rounded by is put back.
        grown += p[k] * (growth + sum_error(d[k], -origin, e) * (1.0 + growth))
        straight += t[k] * e
        farthest = max(farthest, e)
    if total == 0.0:
        return -straight
    # Before anything is made of `grown`: a p of 0 may belong to the largest score after the move.
    if farthest > _FAR:
        return total * _moved_norm(z, d, origin) - straight
    if grown == 0.0 and straight == 0.0:
        return -straight
    if grown < -0.5:
        moved = 0.0
        for k in range(d.size):
            e = d[k] - origin
            moved += p[k] * (math.exp(e) * (1.0 + sum_error(d[k], -origin, e)))
        # A p that has underflowed may be what counts after the move.
        if moved < _FAINT * math.exp(farthest):
            return total * _moved_norm(z, d, origin) - straight
        return total * math.log(moved) - straight
    return total * math.log1p(grown) - straight


@kernel
def _softmax_cross_entropy_series(d: Any, t: Any, p: Any, total: float, pivot: int) -> float:
    """Return the same for tiny steps, without libm; total and pivot as of `_total_and_pivot`.

    It serves where every ``e = d - d_y`` is below SERIES_LIMIT, so at least where every ``d`` is
    below half of it; see `fastcheck.primitives.smooth`.
    """
    # The same with expm1(e) = e + e^2 / 2 and log1p(X) = X - X^2 / 2. What is left out is
    # sum_k p_k e_k^3 / 6 + X^3 / 3, relative to sum_k p_k |e_k| at most SERIES_LIMIT^2 / 2 = 2^-55:
    # a quarter of the unit roundoff. What follows it is smaller by another factor of SERIES_LIMIT.
    origin = d[pivot] if pivot >= 0 else 0.0
    first, second, straight = 0.0, 0.0, 0.0
    for k in range(d.size):
        e = d[k] - origin
        turn = p[k] * e
        first += turn
        second += turn * e
        straight += t[k] * e
    grown = first + 0.5 * second
    return total * (grown - 0.5 * (grown * grown)) - straight


@kernel
def run(z: Any, t: Any, out: Any, dims: Any) -> None:
    """Fill `out` by the loss of every row; `dims` = rows, scores per row."""
    rows, length = dims[0], dims[1]
    for i in range(rows):
        first, last = i * length, (i + 1) * length
        out[i] = _softmax_cross_entropy(z[first:last], t[first:last])


def _evaluate(z: NDArray[Any], t: NDArray[Any]) -> NDArray[Any]:
    shifted = z - np.max(z, axis=1, keepdims=True, initial=-np.inf)
    norms = np.log(np.sum(np.exp(shifted), axis=1))
    totals = np.sum(t, axis=1)
    straight = np.sum(np.where(t != 0, t * shifted, 0.0), axis=1)
    return np.asarray(np.where(totals != 0, totals * norms, 0.0) - straight)


def _lower(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    z, t = (lowering.span(value) for value in inputs)
    lowering.emit(code, lowering.span(output), (z, t), lowering.shape(inputs[0]))


def _spread(
    join: np.ufunc, operands: Sequence[NDArray[Any]], shapes: Sequence[Shape], result: Shape
) -> NDArray[Any]:
    """Join a whole row of the scores with the whole row of the targets."""
    z, t = (join.reduce(operand, axis=-1) for operand in operands)
    return np.asarray(join(z, t))


PRIMITIVES = (
    Primitive(
        "softmax_cross_entropy",
        SOFTMAX_CROSS_ENTROPY,
        _evaluate,
        _lower,
        _spread,
        form=Form.CROSS_ENTROPY,
        error=softmax_cross_entropy_error,
        slopes=softmax_cross_entropy_slopes,
    ),
)
