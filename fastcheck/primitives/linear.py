"""Matrix products.

Hand-written in a fixed order: Numba's own ``@`` needs SciPy, and a library's order of summation
depends on the machine. A constant left factor with many zeros (pixels) is kept as its nonzero
entries only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import FAMILY_SIZE, Form, Lowering, Primitive, Span
from fastcheck.primitives.jit import linear_kernel
from fastcheck.primitives.loops import Shape, broadcast_index
from fastcheck.primitives.running_error import (
    ALLOWANCE,
    BLOCK,
    Bound,
    Operands,
    is_exact,
    likely,
    underflow,
)
from fastcheck.primitives.spread import spread_matmul
from fastcheck.primitives.structure import GATHER

FAMILY = 3
MATMUL, MATMUL_SPARSE = range(FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 2)

# Below this share of nonzero entries the list of nonzeros is faster than the full product: it costs
# an extra load per four entries, measured as 10-20 %.
_SPARSE_BELOW = 0.75

# How many entries of a row `_matmul_sparse` takes at a time; four were 12 % slower.
_GROUP = 8


@linear_kernel
def _matmul(a: Any, b: Any, out: Any, n: int, length: int, m: int) -> None:
    """Fill ``out[i, j] = sum_k a[i, k] b[k, j]``, four k at a time to touch `out` less often."""
    left = a.reshape(n, length)
    right = b.reshape(length, m)
    result = out.reshape(n, m)
    whole = length - length % 4
    for i in range(n):
        row = result[i]
        row[:] = 0.0
        for k in range(0, whole, 4):
            a0, a1, a2, a3 = left[i, k], left[i, k + 1], left[i, k + 2], left[i, k + 3]
            b0, b1, b2, b3 = right[k], right[k + 1], right[k + 2], right[k + 3]
            for j in range(m):
                row[j] += (a0 * b0[j] + a1 * b1[j]) + (a2 * b2[j] + a3 * b3[j])
        for k in range(whole, length):
            a0, b0 = left[i, k], right[k]
            for j in range(m):
                row[j] += a0 * b0[j]


@linear_kernel
def _matmul_sparse(a: Any, b: Any, out: Any, index: Any, n: int, length: int, m: int) -> None:
    """Fill the same from the packed entries `a`, eight at a time; see `_packed` for `index`."""
    starts = index[: n + 1]
    columns = index[n + 1 :]
    right = b.reshape(length, m)
    result = out.reshape(n, m)
    for i in range(n):
        row = result[i]
        row[:] = 0.0
        for k in range(starts[i], starts[i + 1], 8):
            a0, a1, a2, a3 = a[k], a[k + 1], a[k + 2], a[k + 3]
            a4, a5, a6, a7 = a[k + 4], a[k + 5], a[k + 6], a[k + 7]
            b0, b1 = right[columns[k]], right[columns[k + 1]]
            b2, b3 = right[columns[k + 2]], right[columns[k + 3]]
            b4, b5 = right[columns[k + 4]], right[columns[k + 5]]
            b6, b7 = right[columns[k + 6]], right[columns[k + 7]]
            for j in range(m):
                row[j] += ((a0 * b0[j] + a1 * b1[j]) + (a2 * b2[j] + a3 * b3[j])) + (
                    (a4 * b4[j] + a5 * b5[j]) + (a6 * b6[j] + a7 * b7[j])
                )


@linear_kernel
def run(code: int, a: Any, b: Any, out: Any, dims: Any, index: Any) -> None:
    """Fill `out` by the product; `dims` = batch, n, length, m, batch strides of `a` and `b`."""
    batch, n, length, m = dims[0], dims[1], dims[2], dims[3]
    if code == MATMUL_SPARSE:
        _matmul_sparse(a, b, out, index, n, length, m)
    else:
        for s in range(batch):
            left = a[s * dims[4] : s * dims[4] + n * length]
            right = b[s * dims[5] : s * dims[5] + length * m]
            _matmul(left, right, out[s * n * m : (s + 1) * n * m], n, length, m)


def _lower(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    shape_a, shape_b = lowering.shape(inputs[0]), lowering.shape(inputs[1])
    n, length = shape_a[-2:]
    m = shape_b[-1]
    out = lowering.span(output)
    batch_shape = lowering.shape(output)[:-2]
    batch = prod(batch_shape)
    constant = lowering.constant(inputs[0])
    if batch == 1 and constant is not None and lowering.skip_zeros:
        left = constant.reshape(n, length)
        if np.count_nonzero(left) < _SPARSE_BELOW * left.size:
            entries, index = _packed(left)
            packed = lowering.store(entries)
            dims = (1, n, length, m, 0, 0)
            lowering.emit(MATMUL_SPARSE, out, (packed, lowering.span(inputs[1])), dims, index=index)
            return
    a, stride_a = _batched(lowering, inputs[0], batch_shape)
    b, stride_b = _batched(lowering, inputs[1], batch_shape)
    lowering.emit(MATMUL, out, (a, b), (batch, n, length, m, stride_a, stride_b))


def _packed(left: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the nonzero entries of a matrix row by row, and where they belong.

    Returns
    -------
    entries
        float64; each row is filled up with zeros of column 0 to a multiple of `_GROUP`.
    index
        int64: where each row begins among the entries, the end of the last one, and then the column
        of each entry.
    """
    rows, columns = np.nonzero(left)
    counts = np.bincount(rows, minlength=len(left))
    starts = np.concatenate([[0], np.cumsum(-(-counts // _GROUP) * _GROUP)])
    places = np.arange(rows.size) + (starts[:-1] - np.cumsum(counts) + counts)[rows]
    entries = np.zeros(starts[-1])
    entries[places] = left[rows, columns]
    padded = np.zeros(starts[-1], np.int64)
    padded[places] = columns
    return entries, np.concatenate([starts, padded]).astype(np.int64)


def _batched(lowering: Lowering, value: int, batch_shape: Shape) -> tuple[Span, int]:
    """Return where the value's matrices lie and how far one batch entry is from the next."""
    shape = lowering.shape(value)
    span = lowering.span(value)
    matrix = prod(shape[-2:])
    if span.size == matrix:
        return span, 0
    if shape[:-2] == batch_shape:
        return span, matrix
    index = broadcast_index(shape, (*batch_shape, *shape[-2:]))
    repeated = lowering.temporary(index.size)
    lowering.emit(GATHER, repeated, (span,), index=index)
    return repeated, matrix


def _evaluate(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.matmul(a, b))


def _error(operands: Operands, errors: Sequence[Bound], result: NDArray[Any], u: float) -> Bound:
    """Bound A B: likely(k) u |A| |B| + |A| dB + dA (|B| + 2 dB), k products to a sum, in any order.

    No library's order of summation is worse, nor is a fused product and sum.
    """
    (_, b), (da, db) = operands, errors
    a, b = np.abs(operands[0]), np.abs(b)
    length = a.shape[-1]
    # In one product what would be two: A is often a large constant.
    bound = a @ (likely(length, BLOCK) * u * b + db)
    if not is_exact(da):
        bound = bound + np.broadcast_to(da, a.shape) @ (b + ALLOWANCE * db)
    return np.asarray(bound + length * underflow(u))


PRIMITIVES = (
    Primitive("matmul", MATMUL, _evaluate, _lower, spread_matmul, form=Form.MATMUL, error=_error),
)
