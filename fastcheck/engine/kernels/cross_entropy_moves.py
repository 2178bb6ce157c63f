"""The softmax cross entropy of groups of scores."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.layout import (
    A_ADDRESSES,
    A_ROWS,
    B_ADDRESSES,
    COARSE,
    COUNT,
    EXTRA,
    K_ADDRESSES,
    MEMBERS,
    OUT,
    A,
    B,
    K,
)
from fastcheck.engine.kernels.linear_moves import address_shift
from fastcheck.engine.kernels.rows import add_gap, add_gaps, fill, largest, tail
from fastcheck.primitives.jit import kernel, shared_kernel
from fastcheck.primitives.losses import (
    _softmax_cross_entropy_difference,
    _softmax_cross_entropy_series,
    _total_and_pivot,
)
from fastcheck.primitives.smooth_series import SERIES_LIMIT
from fastcheck.primitives.window import window

# Steps below which the square of a step is less than half a rounding of the step itself: then
# sum_k p_k e_k is all there is.
LINEAR_LIMIT = 2.0**-56

_difference = _softmax_cross_entropy_difference
_series = _softmax_cross_entropy_series


@shared_kernel
def move_cross_entropies(
    instruction: Any,
    route: Any,
    buffers: Any,
    sample: int,
    panel: int,
    used: int,
    size: int,
    general: bool,
) -> None:
    """Fill the changes of the losses.

    EXTRA: scores of a group. K: their softmax.
    """
    tables, memory = route.tables, route.memory
    rows, bounds, flags, members = buffers.rows, buffers.bounds, buffers.flags, buffers.members
    length = instruction[EXTRA]
    share = members.size // MEMBERS
    z, d, t, p = (
        window(members, 0, length),
        window(members, share, length),
        window(members, 2 * share, length),
        window(members, 3 * share, length),
    )
    z_shift = address_shift(instruction, A, sample, panel)
    t_shift = address_shift(instruction, B, sample, panel)
    p_shift = address_shift(instruction, K, sample, panel)
    for g in range(instruction[COUNT]):
        number = instruction[OUT] + g
        out = window(rows, number * size, size)
        first = g * length
        sources = tail(tables, instruction[A_ROWS] + first)
        bound = 0.0
        for k in range(length):
            t[k] = memory[tables[instruction[B_ADDRESSES] + first + k] + t_shift]
            p[k] = memory[tables[instruction[K_ADDRESSES] + first + k] + p_shift]
            bound = max(bound, bounds[sources[k]])
        total, pivot = _total_and_pivot(t)
        if bound <= LINEAR_LIMIT and not general:
            _linear(buffers, sources, t, p, total, pivot, out, size)
            bounds[number] = 4.0 * length * (abs(total) + largest(t)) * bound
            continue
        for k in range(length):
            z[k] = memory[tables[instruction[A_ADDRESSES] + first + k] + z_shift]
        for j in range(used):
            for k in range(length):
                d[k] = rows[sources[k] * size + j]
            if largest(d) < 0.5 * SERIES_LIMIT and not general:
                out[j] = _series(d, t, p, total, pivot)
            else:
                out[j] = _difference(z, d, t, p)
                flags[j] |= COARSE
        fill(tail(out, used), 0.0)
        bounds[number] = largest(out)


@kernel
def _linear(
    buffers: Any, sources: Any, t: Any, p: Any, total: float, pivot: int, out: Any, size: int
) -> None:
    """Fill ``sum_k (T p_k - t_k) (d_k - d_y)``, two scores at a time."""
    rows, bounds = buffers.rows, buffers.bounds
    fill(out, 0.0)
    y = 0 if pivot < 0 else sources[pivot]
    origin = window(rows, y * size, size)
    still = bounds[y] == 0.0
    waiting = -1
    for k in range(t.size):
        weight = total * p[k]
        if k == pivot or weight == t[k] or (still and bounds[sources[k]] == 0.0):
            continue
        a = window(rows, sources[k] * size, size)
        if t[k] != 0.0:
            add_gap(out, a, origin, weight)
            add_gap(out, a, origin, -t[k])
        elif waiting < 0:
            waiting = k
        else:
            b = window(rows, sources[waiting] * size, size)
            add_gaps(out, a, b, origin, weight, total * p[waiting])
            waiting = -1
    if waiting >= 0:
        b = window(rows, sources[waiting] * size, size)
        add_gap(out, b, origin, total * p[waiting])
