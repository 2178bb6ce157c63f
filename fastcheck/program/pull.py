"""How adjoints go from an operation's result back to one of its operands.

An operation's derivative is a matrix J, one row per element of the result; an adjoint goes back by
its transpose. A `Pull` applies that transpose, and what bounds need beside it: |J|, a bound on the
error with which anyone may have J, and half of how far J may differ between the branches of a
switch. None of these matrices is formed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import Form
from fastcheck.primitives.running_error import BLOCK, Bound, is_exact, underflow
from fastcheck.primitives.slopes import Point, Slope
from fastcheck.program.program import Operation

Array = NDArray[np.float64]
Apply = Callable[[Array], Array]

# How many factors a formula for a slope has at most, each of which may underflow: s(x) s(-x).
_UNDERFLOWS = 4.0


@dataclass(frozen=True, slots=True)
class Pull:
    """The way back to one operand; every function takes an array of the result's shape.

    Attributes
    ----------
    value
        Applies the transpose of J.
    size
        Applies that of |J|.
    uncancelled
        The same, where J is a difference of terms with their sum.
    error
        Applies that of the bound on the error of J; None where J is exact.
    kink
        Applies that of the half width of J at switches; None where there is none.
    length
        How many products go into one element.
    block
        How many of them are added one by one at most.
    rounded
        Whether products are formed at all: J is not made of 0, 1 and -1.
    """

    value: Apply
    size: Apply
    uncancelled: Apply
    error: Apply | None
    kink: Apply | None
    length: int
    rounded: bool
    block: float = math.inf


def pulls(
    operation: Operation,
    arrays: Mapping[int, Array],
    errors: Mapping[int, Bound],
    u: float,
    wanted: Sequence[bool],
) -> list[Pull | None]:
    """Return the way back to each operand that is wanted, None for the others.

    Parameters
    ----------
    operation
        The operation.
    arrays, errors
        Every value and its bound, by number, as of `values_at` and `forward_errors`.
    u
        The unit roundoff of the backward.
    wanted
        By operand.
    """
    form = operation.primitive.form
    operands = [arrays[number] for number in operation.inputs]
    brought = [errors[number] for number in operation.inputs]
    if form is Form.MATMUL:
        left, right = operands
        makers: tuple[Callable[[], Pull], ...] = (
            lambda: _to_left(left, right, brought[1]),
            lambda: _to_right(left, right, brought[0]),
        )
        return [make() if want else None for make, want in zip(makers, wanted, strict=True)]
    if form in (Form.GATHER, Form.RESHAPE):
        return [
            _rearranged(operation, operands, number) if want else None
            for number, want in enumerate(wanted)
        ]
    result, error = arrays[operation.output], errors[operation.output]
    slopes = operation.primitive.slopes(
        Point(operands, brought, result, error, u), **operation.attributes
    )
    return [
        along(operation, slope, operand.shape, result.shape, u) if want else None
        for slope, operand, want in zip(slopes, operands, wanted, strict=True)
    ]


def along(
    operation: Operation, slope: Slope, own: tuple[int, ...], result: tuple[int, ...], u: float
) -> Pull:
    """Return the way back by slopes, element by element.

    Of a reduction the slopes have the operand's shape, else the result's, to which the operand is
    broadcast.
    """
    spread = _spread(operation, own)
    shape = own if operation.primitive.form in _REDUCING else result

    def by(factor: Any) -> Apply:
        return lambda adjoint: _summed(np.broadcast_to(spread(adjoint) * factor, shape), own)

    # Half-way at a switch is 0 or 1 to whoever takes a side.
    exact = np.isin(slope.value, (-1.0, 0.0, 1.0)) | np.greater(slope.kink, 0.0)
    rounded = not bool(np.all(exact))
    lost = slope.error + _UNDERFLOWS * underflow(u) if rounded else slope.error
    error = None if is_exact(lost) else by(lost)
    kink = None if is_exact(slope.kink) else by(slope.kink)
    length = prod(shape) // max(prod(own), 1)
    size = by(np.abs(slope.value))
    uncancelled = by(slope.size)
    return Pull(by(slope.value), size, uncancelled, error, kink, length, rounded)


_REDUCING = {Form.SUM, Form.EXTREME, Form.CROSS_ENTROPY}


def _spread(operation: Operation, own: tuple[int, ...]) -> Apply:
    """Return what gives a reduction's adjoint the axes it was reduced along, each of length 1."""
    form = operation.primitive.form
    if form is Form.CROSS_ENTROPY:
        return lambda adjoint: adjoint[:, None]
    if form in _REDUCING:
        axes = operation.attributes["axis"]
        shape = tuple(1 if axis in axes else length for axis, length in enumerate(own))
        return lambda adjoint: np.reshape(adjoint, shape)
    return lambda adjoint: adjoint


def _summed(array: Array, own: tuple[int, ...]) -> Array:
    """Return the sums over what an operand was broadcast along."""
    if array.shape == own:
        return array
    lead = array.ndim - len(own)
    axes = tuple(range(lead)) + tuple(
        lead + axis
        for axis, length in enumerate(own)
        if length == 1 and array.shape[lead + axis] != 1
    )
    return np.reshape(np.sum(array, axis=axes), own)


def _to_left(left: Array, right: Array, error: Bound) -> Pull:
    own, across = left.shape, np.swapaxes(right, -1, -2)
    size = np.abs(across)

    def by(factor: Array) -> Apply:
        return lambda adjoint: _summed(adjoint @ factor, own)

    shaken = None if is_exact(error) else by(np.swapaxes(_full(error, right), -1, -2))
    length = right.shape[-1] * _repeats(left, right)
    return Pull(by(across), by(size), by(size), shaken, None, length, rounded=True, block=BLOCK)


def _to_right(left: Array, right: Array, error: Bound) -> Pull:
    own, across = right.shape, np.swapaxes(left, -1, -2)
    size = np.abs(across)

    def by(factor: Array) -> Apply:
        return lambda adjoint: _summed(factor @ adjoint, own)

    shaken = None if is_exact(error) else by(np.swapaxes(_full(error, left), -1, -2))
    length = left.shape[-2] * _repeats(right, left)
    return Pull(by(across), by(size), by(size), shaken, None, length, rounded=True, block=BLOCK)


def _repeats(own: Array, other: Array) -> int:
    """Return how often a factor's matrices are used in a stack of products."""
    stack = np.broadcast_shapes(own.shape[:-2], other.shape[:-2])
    return prod(stack) // max(prod(own.shape[:-2]), 1)


def _full(error: Bound, array: Array) -> Array:
    return np.broadcast_to(np.asarray(error, np.float64), array.shape)


def _rearranged(operation: Operation, operands: Sequence[Array], number: int) -> Pull:
    own = operands[number].shape
    if operation.primitive.form is Form.RESHAPE:

        def back(adjoint: Array) -> Array:
            return np.reshape(adjoint, own)

        return Pull(back, back, back, None, None, 1, rounded=False)
    sizes = [operand.size for operand in operands]
    first, total = sum(sizes[:number]), sum(sizes)
    index = np.ravel(operation.attributes["index"])

    def collected(adjoint: Array) -> Array:
        sums = np.bincount(index, weights=np.ravel(adjoint), minlength=total)
        return np.reshape(sums[first : first + sizes[number]], own)

    length = int(np.max(np.bincount(index, minlength=1), initial=1))
    return Pull(collected, collected, collected, None, None, length, rounded=False)
