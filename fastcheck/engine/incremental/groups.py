"""Reductions, rearrangements, and the softmax cross entropy: whatever takes elements by groups."""

from __future__ import annotations

from math import prod

import numpy as np

from fastcheck.engine.incremental.builder import Builder, Operand, Unshiftable
from fastcheck.engine.incremental.moving import (
    Moving,
    Positions,
    aligned_lists,
    grouped,
)
from fastcheck.engine.incremental.walk import EPILOGUE, SAMPLES, Coupled
from fastcheck.engine.kernels.layout import CROSS_ENTROPY, EXTREME
from fastcheck.errors import InternalError
from fastcheck.program import Operation


def move_sum(builder: Builder, operation: Operation) -> None:
    """Sum the rows of every group; over the samples, as they come."""
    number, output = operation.inputs[0], operation.output
    moving = builder.moving[number]
    target = _targets(builder, operation)
    if moving.shift and builder.walk.size(output) > 1:
        raise Unshiftable
    gathers = builder.walk.stage(output) == EPILOGUE and builder.walk.stage(number) == SAMPLES
    if gathers:
        _check_target(builder, number, target)
    elif builder.walk.stage(output) == SAMPLES:
        _check_regular(builder, operation, target)
    groups = grouped(target[moving.positions])
    if groups is None:
        builder.expand(number)
        return move_sum(builder, operation)
    count = len(groups.starts) - 1
    if not gathers and count == len(groups.order):
        builder.moving[output] = Moving(moving.rows[groups.order], groups.keys)
        return None
    out = builder.new_rows(count)
    if gathers:
        builder.gathering += range(out, out + count)
    builder.add_sums(
        builder.stage_of(number),
        np.split(moving.rows[groups.order], groups.starts[1:-1]),
        count=count,
        out=out,
        accumulate=gathers,
    )
    builder.moving[output] = Moving(out + np.arange(count), groups.keys)
    return None


def move_extreme(builder: Builder, operation: Operation) -> None:
    """Follow the largest or smallest member of every group."""
    number, output = operation.inputs[0], operation.output
    builder.check_coupling(operation)
    moving = builder.moving[number]
    if moving.shift:
        raise Unshiftable
    target, members = _targets(builder, operation), _members(builder, operation)
    if builder.walk.stage(output) == SAMPLES:
        _check_regular(builder, operation, target)
    groups = grouped(target[moving.positions])
    slots = np.empty(target.size, np.int64)
    slots[members] = np.arange(members.shape[1])
    slot = slots[moving.positions]
    if groups is None or (slot.ndim == 2 and (slot != slot[:, :1]).any()):
        builder.expand(number)
        move_extreme(builder, operation)
        return
    slot = slot[:, 0] if slot.ndim == 2 else slot
    count, length = len(groups.starts) - 1, members.shape[1]
    rows = np.zeros((count, length), np.int64)
    rows[groups.of, slot] = moving.rows
    places = members[groups.keys]
    if places.ndim == 3:  # (groups, lanes, members)
        places = places.transpose(0, 2, 1).reshape(count * length, -1)
    else:
        places = places.reshape(-1)
    address, delta = builder.base.value_and_error(number)
    placed = builder.placed(
        address, places, sample_step=builder.walk.stride(number), arrays=2, delta=delta
    )
    out = builder.new_rows(count)
    builder.emit(
        builder.stage_of(output),
        EXTREME,
        count=count,
        out=out,
        operands=(builder.operand(placed, rows),),
        code=operation.primitive.code,
        delta=placed.delta,
        extra=(length,),
    )
    builder.longest_group = max(builder.longest_group, length)
    builder.moving[output] = Moving(out + np.arange(count), groups.keys)


def move_cross_entropy(builder: Builder, operation: Operation) -> None:
    """Follow the losses of rows of scores; the targets stay."""
    scores, targets = operation.inputs
    if targets in builder.moving:
        raise InternalError("softmax_cross_entropy has no rule for targets that move")
    if builder.moving[scores].shift:
        raise Unshiftable
    length = builder.base.program.values[scores].shape[1]
    target = np.repeat(np.arange(builder.walk.size(operation.output)), length)
    if builder.walk.stage(operation.output) == SAMPLES:
        _check_regular(builder, operation, target)
    builder.expand(scores)
    moving = builder.moving[scores]
    groups = grouped(moving.positions // length)
    if groups is None:
        raise InternalError("positions that all lanes share could not be grouped")
    count = len(groups.keys)
    rows = np.zeros((count, length), np.int64)
    rows[groups.of, moving.positions % length] = moving.rows
    places = (groups.keys[:, None] * length + np.arange(length)).reshape(-1)
    step = builder.walk.stride(scores)
    placed = [
        builder.placed(address, places, sample_step=step)
        for address in (
            builder.base.value(scores),
            builder.base.value(targets),
            builder.base.softmax(scores),
        )
    ]
    out = builder.new_rows(count)
    still = Operand(builder.still(count), builder.still(count))
    builder.emit(
        builder.stage_of(operation.output),
        CROSS_ENTROPY,
        count=count,
        out=out,
        operands=(
            builder.operand(placed[0], rows),
            builder.operand(placed[1]),
            still,
            builder.operand(placed[2]),
        ),
        extra=(length,),
    )
    builder.longest_group = max(builder.longest_group, length)
    builder.moving[operation.output] = Moving(out + np.arange(count), groups.keys)


def move_gather(builder: Builder, operation: Operation) -> None:
    """Let the result's elements lie where their sources do: no instruction at all."""
    index = operation.attributes["index"].reshape(-1)
    parts = []
    first = 0
    for i, number in enumerate(operation.inputs):
        size = builder.walk.size(number)
        if number in builder.moving:
            inside = (index >= first) & (index < first + size)
            parts.append(builder.part(operation, i, np.where(inside, index - first, -1)))
        first += size
    positions = aligned_lists([part.positions for part in parts])
    builder.moving[operation.output] = Moving(
        np.concatenate([part.rows for part in parts]), np.concatenate(positions)
    )


def move_reshape(builder: Builder, operation: Operation) -> None:
    """Let the result lie where its source does."""
    builder.moving[operation.output] = builder.moving[operation.inputs[0]]


def _targets(builder: Builder, operation: Operation) -> Positions:
    """Return for every element of the operand the element of the result that takes it in."""
    shape = builder.base.program.values[operation.inputs[0]].shape
    axes = operation.attributes["axis"]
    kept = tuple(1 if axis in axes else length for axis, length in enumerate(shape))
    return np.broadcast_to(np.arange(prod(kept)).reshape(kept), shape).reshape(-1)


def _members(builder: Builder, operation: Operation) -> Positions:
    """Return for every element of the result the elements that it takes in, in order."""
    shape = builder.base.program.values[operation.inputs[0]].shape
    axes = tuple(operation.attributes["axis"])
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    numbers = np.arange(prod(shape)).reshape(shape).transpose(*kept, *sorted(axes))
    return np.reshape(numbers, (prod(shape[axis] for axis in kept), -1))


def _check_regular(builder: Builder, operation: Operation, target: Positions) -> None:
    """Refuse where a sample of the operand is not reduced to the same sample of the result."""
    walk, number = builder.walk, operation.inputs[0]
    first = walk.first(number)
    steps = np.arange(walk.samples)[:, None]
    there = target[first + steps * walk.stride(number)]
    if not np.array_equal(there, target[first] + steps * walk.stride(operation.output)):
        raise Coupled


def _check_target(builder: Builder, number: int, target: Positions) -> None:
    """Refuse where the samples do not all add to the same elements."""
    walk = builder.walk
    first = walk.first(number)
    there = target[first + np.arange(walk.samples)[:, None] * walk.stride(number)]
    if (there != target[first]).any():
        raise Coupled
