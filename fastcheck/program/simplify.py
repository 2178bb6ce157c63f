"""Say the same with fewer operations: a shorter listing, and less to evaluate."""

from __future__ import annotations

from dataclasses import replace

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program.peephole import fused
from fastcheck.program.program import Operation, Program

_GATHER = PRIMITIVES["gather"]
_RESHAPE = PRIMITIVES["reshape"]


def simplified(program: Program, *, fuse: bool = True) -> Program:
    """Return the program with successive rearrangements composed and dead operations dropped.

    With `fuse`, softmax and cross entropy become one operation, see `fastcheck.program.peephole`.
    Without it the arithmetic stays the same to the bit.
    """
    shorter = _without_dead_operations(_with_composed_gathers(program))
    # Only now: a dead operation that reads a value would keep it from being replaced.
    result = fused(shorter) if fuse else shorter
    if result is shorter:
        return shorter
    return _without_dead_operations(_with_composed_gathers(result))


def _with_composed_gathers(program: Program) -> Program:
    """Let every gather and reshape read the value that its elements really come from."""
    made: dict[int, Operation] = {}
    # A value that is another one with the same shape is replaced by it wherever it is read.
    same: dict[int, int] = {}
    operations = []
    for original in program.operations:
        inputs = tuple(same.get(number, number) for number in original.inputs)
        operation = replace(original, inputs=inputs)
        source = made.get(inputs[0])
        if source is not None and operation.primitive in (_GATHER, _RESHAPE):
            operation = _composed(operation, source, program)
        if (
            operation.primitive is _RESHAPE
            and program.values[operation.inputs[0]].shape == program.values[operation.output].shape
        ):
            same[operation.output] = operation.inputs[0]
            continue
        made[operation.output] = operation
        operations.append(operation)
    return replace(
        program,
        operations=tuple(operations),
        output=same.get(program.output, program.output),
    )


def _composed(operation: Operation, source: Operation, program: Program) -> Operation:
    if source.primitive is _RESHAPE:
        return replace(operation, inputs=source.inputs)
    if source.primitive is not _GATHER:
        return operation
    index = source.attributes["index"].reshape(-1)
    if operation.primitive is _GATHER:
        composed = index[operation.attributes["index"]]
    else:
        composed = index.reshape(program.values[operation.output].shape)
    return replace(
        operation, primitive=_GATHER, inputs=source.inputs, attributes={"index": composed}
    )


def _without_dead_operations(program: Program) -> Program:
    needed = {program.output}
    kept = []
    for operation in reversed(program.operations):
        if operation.output in needed:
            needed.update(operation.inputs)
            kept.append(operation)
    constants = {n: array for n, array in program.constants.items() if n in needed}
    return replace(program, operations=tuple(reversed(kept)), constants=constants)
