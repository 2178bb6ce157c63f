"""Put softmax cross entropy in the place of the operations that spell it."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program.graph import Graph
from fastcheck.program.log_softmax import Elements
from fastcheck.program.program import Operation, Program, Source, Value

_NEGATIVE = PRIMITIVES["negative"]
_FUSED = PRIMITIVES["softmax_cross_entropy"]


class Rewriting:
    """The program with operations replaced by others, which end in the same values."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._values = list(program.values)
        self._constants = dict(program.constants)
        self._replaced: dict[int, list[Operation]] = {}

    def program(self) -> Program:
        """Return the outcome; it is the program itself where nothing has been replaced."""
        if not self._replaced:
            return self._program
        operations = [
            new
            for old in self._program.operations
            for new in self._replaced.get(old.output, (old,))
        ]
        return replace(
            self._program,
            values=tuple(self._values),
            operations=tuple(operations),
            constants=self._constants,
        )

    def fuse(self, graph: Graph, scores: int, whole: Elements, source: Source | None) -> None:
        """Replace what made `whole` by the primitive and what brings that to the same shape."""
        targets = _targets(whole, graph.shape(scores))
        if not np.isfinite(targets).all():
            return
        # It is minus the loss of these targets, or the loss of their opposites.
        is_minus = bool(targets.sum() > 0.0)
        if not is_minus:
            targets = 0.0 - targets
        last = whole.made_by
        dtype = self._values[last.output].dtype
        constant = self._new(targets.shape, dtype)
        self._constants[constant] = targets
        loss = self._new(targets.shape[:1], dtype)
        made = [Operation(_FUSED, (scores, constant), loss, {}, source)]
        for name, shape, attributes in _arrangement(whole, graph.shape(last.output), len(targets)):
            output, inputs = self._new(shape, dtype), (made[-1].output,)
            made.append(Operation(PRIMITIVES[name], inputs, output, attributes, last.source))
        end = last.output
        if is_minus:
            tail = _until_negative(graph, last)
            if tail:
                self._repeat(tail[:-1], last.output, made)
                self._replaced |= {operation.output: [] for operation in tail}
                end = tail[-1].output
            else:
                inputs = (made[-1].output,)
                made.append(Operation(_NEGATIVE, inputs, end, {}, last.source))
        made[-1] = replace(made[-1], output=end)
        self._replaced[last.output] = made

    def _repeat(self, operations: list[Operation], start: int, made: list[Operation]) -> None:
        """Apply to the last value made what is applied, one after the other, to `start`."""
        for operation in operations:
            inputs = tuple(
                made[-1].output if number == start else number for number in operation.inputs
            )
            value = self._values[operation.output]
            output = self._new(value.shape, value.dtype)
            made.append(replace(operation, inputs=inputs, output=output))
            start = operation.output

    def _new(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        self._values.append(Value(shape, dtype))
        return len(self._values) - 1


def _targets(whole: Elements, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the weights of all log-probabilities, those not picked 0."""
    index, weights = whole.index.reshape(-1), whole.weights.reshape(-1)
    return np.asarray(np.bincount(index, weights, prod(shape)), np.float64).reshape(shape)


def _arrangement(
    whole: Elements, shape: tuple[int, ...], count: int
) -> list[tuple[str, tuple[int, ...], dict[str, Any]]]:
    """Return what turns one number per row into `whole`: name, shape and attributes of each."""
    if whole.rows is None:
        made: list[tuple[str, tuple[int, ...], dict[str, Any]]]
        made = [("sum", (), {"axis": (0,), "keepdims": False})]
        return [*made, ("reshape", shape, {"shape": shape})] if shape else made
    if not np.array_equal(whole.rows.reshape(-1), np.arange(count)):
        return [("gather", shape, {"index": whole.rows})]
    return [] if shape == (count,) else [("reshape", shape, {"shape": shape})]


def _until_negative(graph: Graph, operation: Operation) -> list[Operation]:
    """Return what follows up to a change of sign, if all of it is linear."""
    tail: list[Operation] = []
    reader = graph.reader(operation)
    while reader is not None:
        tail.append(reader)
        if reader.primitive is _NEGATIVE:
            return tail
        linear = reader.primitive.name in ("sum", "gather", "reshape")
        if not linear and graph.factor(reader, operation.output) is None:
            return []
        operation, reader = reader, graph.reader(reader)
    return []
