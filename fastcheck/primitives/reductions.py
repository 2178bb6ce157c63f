"""Sum, maximum and minimum along axes.

An array is read as (outer, length, inner) and reduced along the middle; axes that are not
neighbours are brought together by a gather first.

A sum changes by the sum of its elements' changes, and ``_extreme_difference`` is the change of a
maximum or minimum where all the elements that it reduces move, by any amount: z and d are float64
arrays of one dimension. Nothing cancels but, in a sum, the d among themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import FAMILY_SIZE, Form, Lowering, Primitive
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.rounding import rise
from fastcheck.primitives.running_error import ALLOWANCE, Bound, Operands, is_exact, likely
from fastcheck.primitives.slopes import ONE, Point, Slope
from fastcheck.primitives.spread import spread_reduction
from fastcheck.primitives.structure import GATHER

FAMILY = 4
SUM, MAX, MIN = range(FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 3)


@kernel
def _sum_contiguous(a: Any) -> float:
    # Eight running sums: the loop is a vector loop, and the rounding grows like length / 8 only.
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
    whole = a.size - a.size % 8
    for j in range(0, whole, 8):
        s0 += a[j]
        s1 += a[j + 1]
        s2 += a[j + 2]
        s3 += a[j + 3]
        s4 += a[j + 4]
        s5 += a[j + 5]
        s6 += a[j + 6]
        s7 += a[j + 7]
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for j in range(whole, a.size):
        total += a[j]
    return total


@kernel
def _sum(a: Any, out: Any, dims: Any) -> None:
    outer, length, inner = dims[0], dims[1], dims[2]
    for o in range(outer):
        block = a[o * length * inner : (o + 1) * length * inner]
        if inner == 1:
            out[o] = _sum_contiguous(block)
            continue
        row = out[o * inner : (o + 1) * inner]
        row[:] = 0.0
        for r in range(length):
            term = block[r * inner : (r + 1) * inner]
            for j in range(inner):
                row[j] += term[j]


@kernel
def _extreme(a: Any, out: Any, dims: Any, decisions: Any, sign: float) -> None:
    # sign = 1: maximum; -1: minimum. A nan wins and stays, as in NumPy.
    outer, length, inner = dims[0], dims[1], dims[2]
    for o in range(outer):
        block = a[o * length * inner : (o + 1) * length * inner]
        for j in range(inner):
            best = block[j]
            place = 0
            for r in range(1, length):
                x = block[r * inner + j]
                if sign * x > sign * best or (x != x and best == best):
                    best = x
                    place = r
            out[o * inner + j] = best
            decisions[o * inner + j] = place


@kernel
def _extreme_difference(z: Any, d: Any, best: float, sign: float) -> float:
    # max over k of (z_k + d_k) - best, best being the extreme of z; exactly d_k where z_k = best.
    # sign = 1: maximum; -1: minimum.
    result = -math.inf
    for k in range(z.size):
        moved = rise(sign * best, sign * z[k], sign * d[k])
        if moved > result:
            result = moved
    return sign * result


@kernel
def run(code: int, a: Any, out: Any, dims: Any, decisions: Any) -> None:
    """Fill `out` by the reduction `code` of `a`; MAX and MIN note which element won."""
    if code == SUM:
        _sum(a, out, dims)
    else:
        _extreme(a, out, dims, decisions, 1.0 if code == MAX else -1.0)


def _lower(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    shape = lowering.shape(inputs[0])
    axes = tuple(sorted(attributes["axis"]))
    source = lowering.span(inputs[0])
    if axes and axes[-1] - axes[0] + 1 != len(axes):
        kept = [axis for axis in range(len(shape)) if axis not in axes]
        index = np.arange(source.size).reshape(shape).transpose(*kept, *axes)
        moved = lowering.temporary(source.size)
        lowering.emit(GATHER, moved, (source,), index=np.ravel(index))
        source = moved
        outer, inner = prod(shape[axis] for axis in kept), 1
    elif axes:
        outer, inner = prod(shape[: axes[0]]), prod(shape[axes[-1] + 1 :])
    else:
        outer, inner = source.size, 1
    dims = (outer, prod(shape[axis] for axis in axes), inner)
    out = lowering.span(output)
    lowering.emit(code, out, (source,), dims, decisions=0 if code == SUM else out.size)


def _evaluator(function: Any) -> Any:
    def evaluate(a: NDArray[Any], *, axis: tuple[int, ...], keepdims: bool) -> NDArray[Any]:
        return np.asarray(function(a, axis=axis, keepdims=keepdims))

    return evaluate


def _sum_error(
    operands: Operands,
    errors: Sequence[Bound],
    result: NDArray[Any],
    u: float,
    *,
    axis: tuple[int, ...],
    keepdims: bool,
) -> Bound:
    """Bound a sum of k terms: likely(k - 1) u sum |a| + sum da, in any order.

    NumPy's pairwise sums, and sums of several accumulators, are no worse.
    """
    (a,), (da,) = operands, errors
    count = prod(a.shape[item] for item in axis)
    terms = (likely(max(count - 1, 0)) * u) * np.abs(a) + da
    return np.asarray(np.sum(terms, axis=axis, keepdims=keepdims))


def _extreme_error(
    operands: Operands,
    errors: Sequence[Bound],
    result: NDArray[Any],
    u: float,
    *,
    axis: tuple[int, ...],
    keepdims: bool,
) -> Bound:
    """Bound a maximum or minimum: an element's error less half of how far it is from winning.

    As in `fastcheck.primitives.piecewise_error`.
    """
    (a,), (da,) = operands, errors
    if is_exact(da):
        return 0.0
    shape = tuple(1 if item in axis else length for item, length in enumerate(a.shape))
    within = da - np.abs(result.reshape(shape) - a) / ALLOWANCE
    return np.asarray(np.max(within, axis=axis, keepdims=keepdims))


def _sum_slopes(point: Point, **_: Any) -> tuple[Slope, ...]:
    """Return 1 for every element."""
    return (ONE,)


def _extreme_slopes(point: Point, *, axis: tuple[int, ...], keepdims: bool) -> tuple[Slope, ...]:
    """Return 1 for the winner and 0 for the others; where several may have won, either for each."""
    (a,), (da,), result, error, _ = point
    shape = tuple(1 if item in axis else length for item, length in enumerate(a.shape))
    reach = ALLOWANCE * (da + (error if is_exact(error) else np.reshape(error, shape)))
    near = np.abs(result.reshape(shape) - a) <= reach
    tied = near & (np.sum(near, axis=axis, keepdims=True) > 1)
    value = np.where(tied, 0.5, near)
    return (Slope(value, 0.0, np.where(tied, 0.5, 0.0) if np.any(tied) else 0.0),)


PRIMITIVES = (
    Primitive(
        "sum",
        SUM,
        _evaluator(np.sum),
        _lower,
        spread_reduction,
        form=Form.SUM,
        error=_sum_error,
        slopes=_sum_slopes,
    ),
    Primitive(
        "max",
        MAX,
        _evaluator(np.max),
        _lower,
        spread_reduction,
        form=Form.EXTREME,
        error=_extreme_error,
        slopes=_extreme_slopes,
    ),
    Primitive(
        "min",
        MIN,
        _evaluator(np.min),
        _lower,
        spread_reduction,
        form=Form.EXTREME,
        error=_extreme_error,
        slopes=_extreme_slopes,
    ),
)
