"""Matrix products: where the left factor moves, the right one, or both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from fastcheck.engine.incremental.builder import Builder, Part, Unshiftable
from fastcheck.engine.incremental.moving import (
    Moving,
    Positions,
    aligned_lists,
    collapsed,
    grouped,
)
from fastcheck.engine.incremental.walk import SAMPLES, Coupled
from fastcheck.engine.kernels.layout import DENSE, DENSE_LANED, PRODUCT
from fastcheck.program import Operation


@dataclass(frozen=True, slots=True)
class _Sizes:
    """out (batch, n, m) = left (batch, n, length) right (batch, length, m)."""

    batch: int
    n: int
    length: int
    m: int


@dataclass(frozen=True, slots=True)
class _Factor:
    """A moving factor, with its batch axes those of the result."""

    rows: Positions
    positions: Positions


def move_matmul(builder: Builder, operation: Operation) -> None:
    """Carry the difference through a product."""
    values = builder.base.program.values
    left, right = (values[number].shape for number in operation.inputs)
    batch_shape = values[operation.output].shape[:-2]
    sizes = _Sizes(prod(batch_shape), left[-2], left[-1], right[-1])
    parts = []
    movers = [i for i, number in enumerate(operation.inputs) if number in builder.moving]
    for i in movers:
        if builder.moving[operation.inputs[i]].shift:
            raise Unshiftable
        parts.append(_one_factor(builder, operation, i, sizes))
    if len(movers) == 2:
        parts.append(_both_factors(builder, operation, sizes))
    builder.moving[operation.output] = _summed(builder, operation, parts)


def _summed(builder: Builder, operation: Operation, parts: list[Part]) -> Moving:
    if len(parts) == 1:
        return Moving(parts[0].rows, parts[0].positions)
    keys = np.concatenate(aligned_lists([part.positions for part in parts]))
    rows = np.concatenate([part.rows for part in parts])
    groups = grouped(keys)
    if groups is None:
        for i in (0, 1):
            builder.expand(operation.inputs[i])
        move_matmul(builder, operation)
        return builder.moving[operation.output]
    count = len(groups.starts) - 1
    out = builder.new_rows(count)
    terms = np.split(rows[groups.order], groups.starts[1:-1])
    builder.add_sums(
        builder.stage_of(operation.output), terms, count=count, out=out, accumulate=False
    )
    return Moving(out + np.arange(count), groups.keys)


def _factor(builder: Builder, operation: Operation, operand: int) -> _Factor:
    """Return a moving factor's elements, repeated along the result's batch axes."""
    number = operation.inputs[operand]
    moving = builder.moving[number]
    values = builder.base.program.values
    shape = values[number].shape
    wanted = values[operation.output].shape[:-2]
    if shape[:-2] == wanted:
        return _Factor(moving.rows, moving.positions)
    size = prod(shape)
    numbers = np.broadcast_to(np.arange(size).reshape(shape), (*wanted, *shape[-2:])).reshape(-1)
    order = np.argsort(numbers, kind="stable")
    times = numbers.size // size
    places = order.reshape(size, times)[moving.positions]  # (n, times) or (n, lanes, times)
    if moving.laned:
        places = places.transpose(0, 2, 1).reshape(-1, moving.positions.shape[1])
    else:
        places = places.reshape(-1)
    return _Factor(np.repeat(moving.rows, times), collapsed(places))


def _coordinates(
    operand: int, positions: Positions, sizes: _Sizes
) -> tuple[Positions, Positions, Positions]:
    """Return of each element its batch entry, its free index (i or k), and its summed index q."""
    if operand == 0:
        matrix, q = np.divmod(positions, sizes.length)
        batch, free = np.divmod(matrix, sizes.n)
    else:
        matrix, free = np.divmod(positions, sizes.m)
        batch, q = np.divmod(matrix, sizes.length)
    return batch, free, q


def _one_factor(builder: Builder, operation: Operation, operand: int, sizes: _Sizes) -> Part:
    factor = _factor(builder, operation, operand)
    batch, free, q = _coordinates(operand, factor.positions, sizes)
    across = sizes.n if operand == 0 else sizes.m
    groups = grouped(batch * across + free)
    if groups is None:
        builder.expand(operation.inputs[operand])
        return _one_factor(builder, operation, operand, sizes)
    results, place = _results(builder, operation, operand, groups.keys, sizes)
    step = _sample_step(builder, operation, operand, sizes)
    # Filled up to the length of the longest group with rows that do not move.
    counts = np.diff(groups.starts)
    length = int(counts.max(initial=0))
    group = groups.of[groups.order]
    within = np.arange(len(group)) - groups.starts[group]
    rows = np.zeros((len(counts), length), np.int64)
    rows[group, within] = factor.rows[groups.order]
    base = np.zeros((len(counts), length, *q.shape[1:]), np.int64)
    # Where in the other factor the row (of a right one) or the column (of a left one) q begins.
    size = sizes.length * (sizes.m if operand == 0 else sizes.n)
    first = _matrices(builder, operation, 1 - operand)[batch] * size
    base[group, within] = (first + (q * sizes.m if operand == 0 else q))[groups.order]
    address = builder.base.value(operation.inputs[1 - operand])
    builder.longest_product = max(builder.longest_product, length)
    stage = builder.stage_of(operation.output)
    count = len(counts) * len(results)
    out = builder.new_rows(count)
    flat = base.reshape(-1, *q.shape[1:])
    spacing = 1 if operand == 0 else sizes.length
    distances = results * spacing
    if collapsed(flat).ndim == 1:
        placed = builder.placed(address, flat, sample_step=step)
        kind, between = DENSE, builder.table(distances)
    else:
        every = (flat[:, None, :] + distances[:, None]).reshape(-1, flat.shape[-1])
        placed = builder.placed(address, every, sample_step=step)
        placed = replace(placed, addresses=placed.addresses[:: len(results)])
        kind, between = DENSE_LANED, 0
    builder.emit(
        stage,
        kind,
        count=len(counts),
        out=out,
        operands=(builder.operand(placed, rows),),
        extra=(length, len(results), between),
    )
    return Part(operand, out + np.arange(count), place.reshape(count, *place.shape[2:]))


def _results(
    builder: Builder, operation: Operation, operand: int, keys: Positions, sizes: _Sizes
) -> tuple[Positions, Positions]:
    """Return the other free index of every result of a group, and where the results lie.

    Returns
    -------
    indices
        int64 (results,), the same for all groups.
    positions
        int64 (groups, results) or (groups, results, lanes).
    """
    across = np.arange(sizes.m if operand == 0 else sizes.n)
    laned = keys.ndim == 2
    spread = across[:, None] if laned else across
    if operand == 0:
        places = keys[:, None] * sizes.m + spread
    else:
        batch, k = np.divmod(keys[:, None], sizes.m)
        places = (batch * sizes.n + spread) * sizes.m + k
    if builder.walk.stage(operation.output) != SAMPLES:
        return across, places
    inside = np.zeros(builder.walk.size(operation.output), np.bool_)
    inside[builder.walk.first(operation.output)] = True
    here = inside[places]
    if laned:
        if (here != here[..., :1]).any():
            raise Coupled
        here = here[..., 0]
    if len(here) and (here != here[:1]).any():
        raise Coupled
    kept = here[0] if len(here) else np.zeros(len(across), np.bool_)
    return across[kept], places[:, kept]


def _sample_step(builder: Builder, operation: Operation, operand: int, sizes: _Sizes) -> int:
    """Check that samples are copies of each other; return their distance in the other factor."""
    if builder.walk.stage(operation.output) != SAMPLES:
        return 0
    matrix, k = np.divmod(np.arange(builder.walk.size(operation.output)), sizes.m)
    batch, i = np.divmod(matrix, sizes.n)
    # Where each result's row of the left factor and its column of the right one begin.
    origins = [
        _matrices(builder, operation, factor)[batch] * length + start
        for factor, length, start in (
            (0, sizes.n * sizes.length, i * sizes.length),
            (1, sizes.length * sizes.m, k),
        )
    ]
    builder.walk.follow_moving(operation, operation.inputs[operand], origins[operand])
    return builder.walk.follow(operation, origins[1 - operand])


def _matrices(builder: Builder, operation: Operation, operand: int) -> Positions:
    """Return which matrix of a factor each batch entry of the result takes."""
    values = builder.base.program.values
    own = values[operation.inputs[operand]].shape[:-2]
    numbers = np.arange(prod(own)).reshape(own)
    return np.broadcast_to(numbers, values[operation.output].shape[:-2]).reshape(-1)


def _both_factors(builder: Builder, operation: Operation, sizes: _Sizes) -> Part:
    """Return the products of two moving elements."""
    factors = [_factor(builder, operation, i) for i in (0, 1)]
    positions = aligned_lists([factor.positions for factor in factors])
    lb, li, lq = _coordinates(0, positions[0], sizes)
    rb, rk, rq = _coordinates(1, positions[1], sizes)
    meet = (lb[:, None] == rb) & (lq[:, None] == rq)
    if meet.ndim == 3:
        if (meet != meet[..., :1]).any():
            for number in operation.inputs:
                builder.expand(number)
            return _both_factors(builder, operation, sizes)
        meet = meet[..., 0]
    lefts, rights = np.nonzero(meet)
    places = (lb[lefts] * sizes.n + li[lefts]) * sizes.m + rk[rights]
    if builder.walk.stage(operation.output) == SAMPLES:
        inside = np.zeros(builder.walk.size(operation.output), np.bool_)
        inside[builder.walk.first(operation.output)] = True
        here = inside[places]
        if here.ndim == 2:
            if (here != here[:, :1]).any():
                raise Coupled
            here = here[:, 0]
        lefts, rights, places = lefts[here], rights[here], places[here]
    groups = grouped(places)
    if groups is None:
        for number in operation.inputs:
            builder.expand(number)
        return _both_factors(builder, operation, sizes)
    count = len(groups.starts) - 1
    out = builder.new_rows(count)
    stage = builder.stage_of(operation.output)
    builder.add_sums(stage, [np.zeros(0, np.int64)] * count, count=count, out=out, accumulate=False)
    starts = builder.table(groups.starts)
    builder.emit(
        stage,
        PRODUCT,
        count=count,
        out=out,
        operands=(
            builder.reading(factors[0].rows[lefts[groups.order]], starts),
            builder.reading(factors[1].rows[rights[groups.order]]),
        ),
    )
    return Part(2, out + np.arange(count), groups.keys)
