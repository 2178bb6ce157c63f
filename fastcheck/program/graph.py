"""Who made each value of a program, who reads it, and which values are equal."""

from __future__ import annotations

from collections.abc import Collection
from math import prod

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program.program import Operation, Program

_RESHAPE = PRIMITIVES["reshape"]
_MULTIPLY = PRIMITIVES["multiply"]
_DIVIDE = PRIMITIVES["divide"]

# How many operations back `same` compares what was computed twice by the same code.
_DEPTH = 4


class Graph:
    """A program, read in both directions."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._made = {operation.output: operation for operation in program.operations}
        self._readers: dict[int, list[Operation]] = {}
        for operation in program.operations:
            for number in operation.inputs:
                self._readers.setdefault(number, []).append(operation)

    def shape(self, number: int) -> tuple[int, ...]:
        """Return a value's shape."""
        return self.program.values[number].shape

    def made(self, number: int, *names: str) -> Operation | None:
        """Return the operation that made a value, if it is one of these primitives."""
        operation = self._made.get(number)
        return operation if operation is not None and operation.primitive.name in names else None

    def reader(self, operation: Operation) -> Operation | None:
        """Return the one operation that reads what `operation` made; None where it is not one."""
        readers = self._readers.get(operation.output, [])
        is_one = len(readers) == 1 and operation.output != self.program.output
        return readers[0] if is_one else None

    def is_closed(self, inside: Collection[Operation], last: Operation) -> bool:
        """Tell whether what the operations `inside` make is read by them and by `last` only."""
        within = {operation.output for operation in inside}
        known = within | {last.output}
        return all(reader.output in known for number in within for reader in self._readers[number])

    def is_per_row(self, number: int, rows: int) -> bool:
        """Tell whether a value that is broadcast to (rows, m) is constant along every row."""
        shape = self.shape(number)
        return shape == (rows, 1) or (prod(shape) == 1 and len(shape) <= 2)

    def factor(self, operation: Operation, number: int) -> NDArray[np.float64] | None:
        """Return the constant that a value is multiplied or divided by, None where it is not."""
        if operation.primitive is _MULTIPLY:
            left, right = operation.inputs
            other = right if left == number else left
        elif operation.primitive is _DIVIDE:
            other = operation.inputs[1]
        else:
            return None
        return self.program.constants.get(other)

    def unshaped(self, number: int) -> int:
        """Return the value that this one is only a reshape of."""
        operation = self._made.get(number)
        if operation is not None and operation.primitive is _RESHAPE:
            return operation.inputs[0]
        return number

    def same(self, first: int, second: int, depth: int = _DEPTH) -> bool:
        """Tell whether two values hold the same elements, computed once or twice."""
        first, second = self.unshaped(first), self.unshaped(second)
        if first == second:
            return True
        constants = self.program.constants
        if first in constants and second in constants:
            return np.array_equal(constants[first], constants[second])
        one, other = self._made.get(first), self._made.get(second)
        return (
            one is not None
            and other is not None
            and one.primitive is other.primitive
            and depth > 0
            and all(
                name == "keepdims" or np.array_equal(value, other.attributes[name])
                for name, value in one.attributes.items()
            )
            and all(
                self.shape(a) == self.shape(b) and self.same(a, b, depth - 1)
                for a, b in zip(one.inputs, other.inputs, strict=True)
            )
        )


def moving(program: Program) -> set[int]:
    """Return the numbers of the values that some parameter reaches, its own among them."""
    moves = set(program.parameters.values())
    for operation in program.operations:
        if moves.intersection(operation.inputs):
            moves.add(operation.output)
    return moves
