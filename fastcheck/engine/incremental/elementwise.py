"""Elementwise operations: sums, products, quotients, curves and switches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.builder import Builder, Operand, Placed, Unshiftable
from fastcheck.engine.incremental.moving import Moving, Positions
from fastcheck.engine.kernels.layout import (
    CHOOSE,
    COEFFICIENTS,
    ELEMENT,
    GENERAL,
    MULTIPLY,
    PICK,
    QUOTIENT,
    SCALE,
    SERIES,
    SOFT,
)
from fastcheck.primitives.base import Form
from fastcheck.program import Operation

_Origin = NDArray[np.int64] | None


def broadcast_origins(builder: Builder, operation: Operation) -> list[_Origin]:
    """Return the element of each operand that each element of the result comes from."""
    values = builder.base.program.values
    shape = values[operation.output].shape
    origins: list[_Origin] = []
    for number in operation.inputs:
        own = values[number].shape
        if own == shape:
            origins.append(None)
        else:
            numbers = np.arange(builder.walk.size(number)).reshape(own)
            origins.append(np.broadcast_to(numbers, shape).reshape(-1))
    return origins


def move_linear(builder: Builder, operation: Operation) -> None:
    """Add the operands' differences, each with its sign; a lone positive one is the result."""
    origins = broadcast_origins(builder, operation)
    shift = builder.shift_of(operation)
    positions, rows = builder.combined(operation, origins)
    signs = operation.primitive.signs
    signed = [sign * row for sign, row in zip(signs, rows, strict=True)]
    lone = [row for row in signed if row.any()]
    if len(lone) == 1 and (lone[0] >= 0).all():
        builder.moving[operation.output] = Moving(lone[0], positions, shift)
        return
    out = builder.new_rows(len(positions))
    terms = [column[column != 0] for column in np.array(signed).T]
    builder.add_sums(
        builder.stage_of(operation.output), terms, count=len(positions), out=out, accumulate=False
    )
    builder.moving[operation.output] = Moving(out + np.arange(len(positions)), positions, shift)


def move_product(builder: Builder, operation: Operation) -> None:
    """Scale where one factor moves; x dy + y dx + dx dy where both do."""
    if len(operation.inputs) == 1:  # the square
        operation = Operation(
            operation.primitive,
            operation.inputs * 2,
            operation.output,
            operation.attributes,
            operation.source,
        )
    movers = [i for i, number in enumerate(operation.inputs) if number in builder.moving]
    if len(movers) == 2:
        _move_by_rule(builder, operation, MULTIPLY)
        return
    other = 1 - movers[0]
    number = operation.inputs[other]
    finite = builder.base.finite(number)
    _scale(builder, operation, movers[0], other, builder.base.value(number), finite=finite)


def move_quotient(builder: Builder, operation: Operation) -> None:
    """Scale where the numerator alone moves."""
    divisor = operation.inputs[1]
    if divisor in builder.moving:
        _move_by_rule(builder, operation, QUOTIENT)
        return
    inverse = builder.base.inverse(divisor)
    size = builder.walk.size(divisor)
    finite = bool(np.isfinite(builder.base.memory.buffer[inverse : inverse + size]).all())
    _scale(builder, operation, 0, 1, inverse, finite=finite)


def move_curved(builder: Builder, operation: Operation) -> None:
    """Follow a smooth function by its series, where that serves: its first operand alone moves."""
    serves = not any(number in builder.moving for number in operation.inputs[1:])
    _move_by_rule(builder, operation, SERIES if serves else GENERAL)


def move_soft(builder: Builder, operation: Operation) -> None:
    """Follow the logarithm of a sum of exp by its series, where that serves."""
    _move_by_rule(builder, operation, SOFT)


def move_sided(builder: Builder, operation: Operation) -> None:
    """Follow the side of a switch."""
    _move_by_rule(builder, operation, PICK)


def move_choice(builder: Builder, operation: Operation) -> None:
    """Follow the branch that a ``where`` takes."""
    _move_by_rule(builder, operation, CHOOSE)


def move_ruled(builder: Builder, operation: Operation) -> None:
    """Apply the exact rule."""
    _move_by_rule(builder, operation, GENERAL)


def _scale(
    builder: Builder,
    operation: Operation,
    mover: int,
    other: int,
    address: int,
    *,
    finite: bool,
) -> None:
    origins = broadcast_origins(builder, operation)
    shift = builder.shift_of(operation)
    part = builder.part(operation, mover, origins[mover])
    base = _base(
        builder,
        operation,
        other,
        address,
        origin=origins[other],
        positions=part.positions,
        shift=shift,
    )
    count = len(part.positions)
    out = builder.new_rows(count)
    operand = builder.operand(base, part.rows)
    builder.emit(
        builder.stage_of(operation.output),
        SCALE,
        count=count,
        out=out,
        operands=(operand,),
        form=0 if finite else 1,
    )
    builder.moving[operation.output] = Moving(out + np.arange(count), part.positions, shift)


def _move_by_rule(builder: Builder, operation: Operation, form: int) -> None:
    origins = broadcast_origins(builder, operation)
    shift = builder.shift_of(operation)
    positions, rows = builder.combined(operation, origins)
    count = len(positions)
    operands = []
    for i, number in enumerate(operation.inputs):
        address = builder.base.value(number)
        base = _base(
            builder,
            operation,
            i,
            address,
            origin=origins[i],
            positions=positions,
            shift=shift,
        )
        operands.append(builder.operand(base, rows[i]))
    still = Operand(builder.still(count), builder.still(count))
    operands += [still] * (3 - len(operands))
    coefficients, delta = still, 0
    if COEFFICIENTS[form]:
        if form == CHOOSE:
            address, delta = builder.base.choice(operation)
        else:
            address, delta = builder.base.coefficients(operation, form)
        placed = builder.placed(
            address,
            positions,
            sample_step=builder.walk.stride(operation.output),
            shift=shift,
            arrays=COEFFICIENTS[form],
            delta=delta,
        )
        coefficients, delta = builder.operand(placed), placed.delta
    out = builder.new_rows(count)
    second = len(operation.inputs) > 1 and operation.inputs[1] in builder.moving
    builder.emit(
        builder.stage_of(operation.output),
        ELEMENT,
        count=count,
        out=out,
        operands=(*operands, coefficients),
        code=operation.primitive.code,
        form=form,
        delta=delta,
        extra=(int(second), int(operation.primitive.form is Form.FLAT)),
    )
    builder.moving[operation.output] = Moving(out + np.arange(count), positions, shift)


def _base(
    builder: Builder,
    operation: Operation,
    operand: int,
    address: int,
    *,
    origin: _Origin,
    positions: Positions,
    shift: int,
) -> Placed:
    """Return an operand's base values at the result's positions."""
    size = builder.walk.size(operation.inputs[operand])
    step = builder.walk.follow(operation, origin)
    if size == 1:
        positions, shift = np.zeros(len(positions), np.int64), 0
    elif origin is not None:
        if shift:
            raise Unshiftable
        positions = origin[positions]
    return builder.placed(address, positions, sample_step=step, shift=shift)
