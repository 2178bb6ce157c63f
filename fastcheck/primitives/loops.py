"""Elementwise loops with broadcasting, shared by the elementwise families.

A broadcast of any number of axes is folded to two nested loops; each operand moves by one stride
per loop, and its inner stride is 0 (one value for the whole row) or 1 (contiguous), so that every
inner loop is a plain vector loop. What does not fold this way is broadcast by a gather beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.jit import kernel

Shape = tuple[int, ...]


def fold_broadcast(shape: Shape, operands: tuple[Shape, ...]) -> tuple[int, ...] | None:
    """Fold a broadcast to two loops.

    Parameters
    ----------
    shape
        The result's shape.
    operands
        The operands' shapes, each broadcastable to `shape`.

    Returns
    -------
    tuple of int or None
        ``(outer, inner, outer stride and inner stride of each operand ...)`` in elements, or None
        where two loops do not suffice.
    """
    strides = [_broadcast_strides(shape, operand) for operand in operands]
    axes: list[tuple[int, tuple[int, ...]]] = []
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        steps = tuple(stride[axis] for stride in strides)
        if axes:
            previous_length, previous_steps = axes[-1]
            if previous_steps == tuple(step * length for step in steps):
                axes[-1] = (previous_length * length, steps)
                continue
        axes.append((length, steps))
    if not axes:
        axes.append((1, (0,) * len(operands)))
    if len(axes) == 1:
        axes.insert(0, (1, (0,) * len(operands)))
    if len(axes) > 2 or any(step not in (0, 1) for step in axes[1][1]):
        return None
    (outer, outer_steps), (inner, inner_steps) = axes
    pairs = zip(outer_steps, inner_steps, strict=True)
    return (outer, inner, *(step for pair in pairs for step in pair))


def broadcast_index(own: Shape, shape: Shape) -> NDArray[np.int64]:
    """Return which element of an operand each element of the result comes from, both counted flat.

    Parameters
    ----------
    own, shape
        The operand's shape, and the result's, to which it is broadcast.
    """
    return np.broadcast_to(np.arange(prod(own)).reshape(own), shape).reshape(-1)


def _broadcast_strides(shape: Shape, operand: Shape) -> tuple[int, ...]:
    """Return the operand's element stride along each axis of `shape`, 0 where it is repeated."""
    strides = [0] * len(shape)
    step = 1
    for back in range(1, len(operand) + 1):
        if operand[-back] != 1:
            strides[-back] = step
        step *= operand[-back]
    return tuple(strides)


def unary_loop(function: Callable[..., Any]) -> Any:
    """Return a kernel that fills ``out = function(a)``."""

    @kernel
    def loop(a: Any, out: Any) -> None:
        for j in range(out.size):
            out[j] = function(a[j])

    return loop


def binary_loop(function: Callable[..., Any]) -> Any:
    """Return a kernel that fills ``out = function(a, b)`` over folded loops."""

    @kernel
    def loop(a: Any, b: Any, out: Any, dims: Any) -> None:
        outer, inner = dims[0], dims[1]
        for i in range(outer):
            row = out[i * inner : (i + 1) * inner]
            x = a[i * dims[2] :]
            y = b[i * dims[4] :]
            if dims[3] == 1 and dims[5] == 1:
                for j in range(inner):
                    row[j] = function(x[j], y[j])
            elif dims[3] == 1:
                scalar = y[0]
                for j in range(inner):
                    row[j] = function(x[j], scalar)
            elif dims[5] == 1:
                scalar = x[0]
                for j in range(inner):
                    row[j] = function(scalar, y[j])
            else:
                row[:] = function(x[0], y[0])

    return loop
