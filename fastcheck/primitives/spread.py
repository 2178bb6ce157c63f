"""Which elements of a result hang on which elements of the operands.

Every primitive has a *spread*: the index bookkeeping of its forward, with the arithmetic replaced
by one associative `join`. With ``np.logical_or`` on masks it says what moves where something moves;
with ``np.maximum`` and ``np.minimum`` on sample numbers, which samples an element draws on. Nothing
else knows about sparsity.

A spread is called as ``spread(join, operands, shapes, result, **attributes)``: one array per
operand, the operands' own shapes, the result's shape, and the operation's attributes. An array may
have leading axes (lanes) before those of its own shape; the spread returns one with those axes
before `result`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.loops import Shape

Operands = Sequence[NDArray[Any]]


def spread_elementwise(
    join: np.ufunc, operands: Operands, shapes: Sequence[Shape], result: Shape
) -> NDArray[Any]:
    """Join the elements that are broadcast to the same place."""
    widened = []
    for operand, own in zip(operands, shapes, strict=True):
        lead = operand.shape[: operand.ndim - len(own)]
        padded = np.reshape(operand, (*lead, *(1,) * (len(result) - len(own)), *own))
        widened.append(np.broadcast_to(padded, (*lead, *result)))
    return np.asarray(reduce(join, widened))


def spread_reduction(
    join: np.ufunc,
    operands: Operands,
    shapes: Sequence[Shape],
    result: Shape,
    *,
    axis: tuple[int, ...],
    keepdims: bool,
) -> NDArray[Any]:
    """Join along the axes."""
    (operand,), (own,) = operands, shapes
    lead = operand.ndim - len(own)
    reduced = operand
    for item in sorted(axis, reverse=True):
        reduced = _along(join, reduced, lead + item)
    return np.reshape(reduced, (*operand.shape[:lead], *result))


def _along(join: np.ufunc, operand: NDArray[Any], axis: int) -> NDArray[Any]:
    """Join along an axis; where there is nothing on it, return what joins without effect."""
    if operand.shape[axis] or join.identity is not None:
        return np.asarray(join.reduce(operand, axis=axis))
    limits = np.iinfo(operand.dtype)
    neutral = limits.max if join is np.minimum else limits.min
    return np.asarray(join.reduce(operand, axis=axis, initial=neutral))


def spread_matmul(
    join: np.ufunc, operands: Operands, shapes: Sequence[Shape], result: Shape
) -> NDArray[Any]:
    """Join a whole row of the left factor with a whole column of the right one."""
    left, right = operands
    rows = np.expand_dims(_along(join, left, -1), -1)
    columns = np.expand_dims(_along(join, right, -2), -2)
    own = ((*shapes[0][:-1], 1), (*shapes[1][:-2], 1, shapes[1][-1]))
    return spread_elementwise(join, (rows, columns), own, result)


def spread_indexed(
    join: np.ufunc,
    operands: Operands,
    shapes: Sequence[Shape],
    result: Shape,
    *,
    index: NDArray[np.int64],
) -> NDArray[Any]:
    """Follow the index map over the operands laid end to end."""
    leads = [a.shape[: a.ndim - len(own)] for a, own in zip(operands, shapes, strict=True)]
    lead = np.broadcast_shapes(*leads)
    flat = [
        np.broadcast_to(a, (*lead, *own)).reshape((*lead, prod(own)))
        for a, own in zip(operands, shapes, strict=True)
    ]
    joined = flat[0] if len(flat) == 1 else np.concatenate(flat, axis=-1)
    return np.reshape(joined[..., index.reshape(-1)], (*lead, *result))


def spread_reshape(
    join: np.ufunc,
    operands: Operands,
    shapes: Sequence[Shape],
    result: Shape,
    *,
    shape: Shape,
) -> NDArray[Any]:
    """Keep every element."""
    (operand,), (own,) = operands, shapes
    return np.reshape(operand, (*operand.shape[: operand.ndim - len(own)], *shape))
