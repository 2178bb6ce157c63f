"""From a Program to the arrays that the kernels run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.first_call import load
from fastcheck.engine.kernels.differences import central_differences
from fastcheck.engine.kernels.interpreter import (
    CODE,
    COLUMNS,
    DECISIONS,
    DIMS,
    INDEX,
    OUT,
    A,
)
from fastcheck.primitives.base import Span
from fastcheck.program import Program

# Every value starts at a multiple of this many float64, the width of the widest vector register.
_ALIGNMENT = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """A program ready to run.

    Attributes
    ----------
    instructions
        int64 (n, COLUMNS), see `fastcheck.engine.kernels.interpreter`.
    indices
        int64: the index maps.
    memory
        float64: all values at the base point. Workers copy it.
    switches
        How many switch positions an evaluation notes.
    output
        Where in `memory` the loss lies.
    places
        Where in `memory` each parameter begins.
    rows
        For each parameter, int64: the instructions that it reaches.
    """

    instructions: NDArray[np.int64]
    indices: NDArray[np.int64]
    memory: NDArray[np.float64]
    switches: int
    output: int
    places: Mapping[str, int]
    rows: Mapping[str, NDArray[np.int64]]


def make_plan(program: Program) -> Plan:
    """Lower the program and evaluate it once, at its base point."""
    plan = _settled(_lowered(program, skip_zeros=True))
    if np.isfinite(plan.memory).all():
        return plan
    # A zero that is left out would hide 0 * inf = nan.
    return _settled(_lowered(program, skip_zeros=False))


def _settled(plan: Plan) -> Plan:
    """Bring the plan's memory to the base point: the kernel, asked for no element at all."""
    call = partial(
        central_differences,
        plan.instructions,
        np.arange(len(plan.instructions)),
        plan.memory,
        plan.indices,
        np.zeros((2, plan.switches), np.int32),
        plan.output,
        0,
        0,
        0,
        1.0,
        0,
        *unfilled((0,)),
    )
    load(central_differences, call)
    return plan


def unfilled(
    shape: tuple[int, ...],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the kernel's results, not filled yet: gradient, left, right, refined, switched."""
    return (
        np.empty(shape),
        np.empty(shape),
        np.empty(shape),
        np.empty(shape, np.int8),
        np.empty(shape, np.bool_),
    )


def _lowered(program: Program, *, skip_zeros: bool) -> Plan:
    builder = _Builder(program, skip_zeros=skip_zeros)
    for operation in program.operations:
        operation.primitive.lower(
            builder,
            operation.primitive.code,
            operation.inputs,
            operation.output,
            operation.attributes,
        )
    return builder.plan()


class _Builder:
    """The plan under construction, a `fastcheck.primitives.base.Lowering`."""

    def __init__(self, program: Program, *, skip_zeros: bool) -> None:
        self.skip_zeros = skip_zeros
        self._program = program
        self._size = 0
        self._spans: dict[int, Span] = {}
        self._contents: list[tuple[Span, NDArray[np.float64]]] = []
        self._instructions: list[NDArray[np.int64]] = []
        self._indices: list[NDArray[np.int64]] = []
        self._index_size = 0
        self._switches = 0
        # For every span that an instruction fills, the parameters that reach it, one bit each.
        self._reached: dict[int, int] = {}
        self._reached_rows: list[int] = []
        for bit, (name, number) in enumerate(program.parameters.items()):
            span = self._spans.get(number)
            if span is None:
                span = self._spans[number] = self.store(program.base[name])
                self._reached[span.offset] = 0
            self._reached[span.offset] |= 1 << bit
        for number, array in program.constants.items():
            self._spans[number] = self.store(array)

    def shape(self, value: int) -> tuple[int, ...]:
        return self._program.values[value].shape

    def span(self, value: int) -> Span:
        if value not in self._spans:
            self._spans[value] = self.temporary(prod(self.shape(value)))
        return self._spans[value]

    def temporary(self, size: int) -> Span:
        span = Span(self._size, size)
        # Even an empty value has a place of its own, since places identify values.
        self._size += max(1, -(-size // _ALIGNMENT)) * _ALIGNMENT
        return span

    def constant(self, value: int) -> NDArray[np.float64] | None:
        return self._program.constants.get(value)

    def store(self, array: NDArray[Any]) -> Span:
        span = self.temporary(array.size)
        self._contents.append((span, np.asarray(array, np.float64).reshape(-1)))
        return span

    def share(self, output: int, value: int) -> None:
        self._spans[output] = self.span(value)

    def emit(
        self,
        code: int,
        out: Span,
        operands: tuple[Span, ...],
        dims: tuple[int, ...] = (),
        *,
        index: NDArray[np.int64] | None = None,
        decisions: int = 0,
    ) -> None:
        instruction = np.zeros(COLUMNS, np.int64)
        instruction[CODE] = code
        instruction[OUT : OUT + 2] = out.offset, out.size
        for i, operand in enumerate(operands):
            instruction[A + 2 * i : A + 2 * i + 2] = operand.offset, operand.size
        if index is not None:
            instruction[INDEX : INDEX + 2] = self._index_size, index.size
            self._indices.append(index)
            self._index_size += index.size
        instruction[DECISIONS : DECISIONS + 2] = self._switches, decisions
        self._switches += decisions
        instruction[DIMS : DIMS + len(dims)] = dims
        reached = 0
        for operand in operands:
            reached |= self._reached.get(operand.offset, 0)
        self._reached[out.offset] = reached
        self._reached_rows.append(reached)
        self._instructions.append(instruction)

    def plan(self) -> Plan:
        program = self._program
        memory = np.zeros(self._size)
        for span, array in self._contents:
            memory[span.offset : span.offset + span.size] = array
        instructions = np.array(self._instructions, np.int64).reshape(-1, COLUMNS)
        indices = np.concatenate([*self._indices, np.zeros(0, np.int64)]).astype(np.int64)
        output = self.span(program.output).offset
        return Plan(
            instructions=instructions,
            indices=indices,
            memory=memory,
            switches=self._switches,
            output=output,
            places={name: self.span(n).offset for name, n in program.parameters.items()},
            rows={
                name: np.flatnonzero([reached >> bit & 1 for reached in self._reached_rows])
                for bit, name in enumerate(program.parameters)
            },
        )
