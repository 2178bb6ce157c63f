"""Matrix products of recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, read
from fastcheck.recording.operands import array_of, emitted, refuse_options
from fastcheck.recording.tape import Tape


def matmul(tape: Tape, name: str, a: Any, b: Any, **options: Any) -> Any:
    """Record ``a @ b``; a vector is a matrix of one row or one column."""
    refuse_options(tape, name, options)
    left, right = array_of(tape, a), array_of(tape, b)
    result = np.matmul(left.view, right.view)
    row, column = left.ndim == 1, right.ndim == 1
    if row:
        left = left.reshape(1, -1)
    if column:
        right = right.reshape(-1, 1)
    if result.dtype.kind == "b":
        tape.refuse(f"{name} of two masks", "make one of them float")
    if not (row or column):
        return emitted(tape, "matmul", result, (read(left), read(right)))
    product = np.matmul(left.view, right.view)
    recorded = emitted(tape, "matmul", product, (read(left), read(right))).reshape(result.shape)
    # Of two vectors it is a scalar.
    return recorded if result.ndim else recorded[()]


def _dot(tape: Tape, name: str, a: Any, b: Any, **options: Any) -> Any:
    refuse_options(tape, name, options)
    left, right = array_of(tape, a), array_of(tape, b)
    if left.ndim == 0 or right.ndim == 0:
        return left * right
    if left.ndim <= 2 and right.ndim <= 2:
        return matmul(tape, name, left, right)
    # The last axis of the left is summed against the last but one of the right, whose others follow
    # those of the left.
    if right.ndim > 1:
        right = right.transpose(right.ndim - 2, *range(right.ndim - 2), right.ndim - 1)
    shape = left.shape[:-1] + right.shape[1:]
    rows = left.reshape(-1, left.shape[-1])
    columns = right.reshape(right.shape[0], -1)
    return matmul(tape, name, rows, columns).reshape(shape)


def _outer(tape: Tape, name: str, a: Any, b: Any, **options: Any) -> RecordingArray:
    refuse_options(tape, name, options)
    column = array_of(tape, a).reshape(-1, 1)
    row = array_of(tape, b).reshape(1, -1)
    return column * row  # type: ignore[no-any-return]


FUNCTIONS: dict[Any, Callable[..., Any]] = {np.dot: _dot, np.outer: _outer}
METHODS: dict[str, Callable[..., Any]] = {"dot": _dot}
