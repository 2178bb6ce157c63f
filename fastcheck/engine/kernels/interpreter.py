"""Run instructions over a block of float64 memory.

An instruction is a row of int64: what to do, where its operands and its result lie, the family's
loop bounds, and where its index map and its switch positions lie. One compiled interpreter serves
every program.
"""

from __future__ import annotations

from typing import Any

from fastcheck.primitives import (
    arithmetic,
    linear,
    losses,
    piecewise,
    reductions,
    smooth,
    structure,
)
from fastcheck.primitives.base import FAMILY_SIZE
from fastcheck.primitives.jit import kernel

# Columns of an instruction. A, B and C are operands; an operand that is not used has size 0.
CODE, OUT, OUT_SIZE, A, A_SIZE, B, B_SIZE, C, C_SIZE = range(9)
INDEX, INDEX_SIZE, DECISIONS, DECISIONS_SIZE, DIMS = range(9, 14)
DIMS_SIZE = 8
COLUMNS = DIMS + DIMS_SIZE

_ARITHMETIC = arithmetic.FAMILY
_SMOOTH = smooth.FAMILY
_PIECEWISE = piecewise.FAMILY
_LINEAR = linear.FAMILY
_REDUCTIONS = reductions.FAMILY
_LOSSES = losses.FAMILY
_run_arithmetic = arithmetic.run
_run_smooth = smooth.run
_run_piecewise = piecewise.run
_run_linear = linear.run
_run_reductions = reductions.run
_run_structure = structure.run
_run_losses = losses.run


@kernel
def run(instructions: Any, rows: Any, memory: Any, indices: Any, decisions: Any) -> None:
    """Run the instructions numbered in `rows`, in order.

    Parameters
    ----------
    instructions
        int64 (n, COLUMNS).
    rows
        int64: which instructions.
    memory
        float64: every value's elements; the instructions' results are written into it.
    indices
        int64: index maps, one after the other.
    decisions
        int32: the side of every switch, filled by the instructions that have one.
    """
    for row in rows:
        instruction = instructions[row]
        code = instruction[CODE]
        out = memory[instruction[OUT] : instruction[OUT] + instruction[OUT_SIZE]]
        a = memory[instruction[A] : instruction[A] + instruction[A_SIZE]]
        b = memory[instruction[B] : instruction[B] + instruction[B_SIZE]]
        dims = instruction[DIMS:]
        family = code // FAMILY_SIZE
        if family == _LINEAR:
            index = indices[instruction[INDEX] : instruction[INDEX] + instruction[INDEX_SIZE]]
            _run_linear(code, a, b, out, dims, index)
        elif family == _ARITHMETIC:
            _run_arithmetic(code, a, b, out, dims)
        elif family == _SMOOTH:
            _run_smooth(code, a, out)
        elif family == _PIECEWISE:
            c = memory[instruction[C] : instruction[C] + instruction[C_SIZE]]
            first = instruction[DECISIONS]
            sides = decisions[first : first + instruction[DECISIONS_SIZE]]
            _run_piecewise(code, a, b, c, out, dims, sides)
        elif family == _REDUCTIONS:
            first = instruction[DECISIONS]
            sides = decisions[first : first + instruction[DECISIONS_SIZE]]
            _run_reductions(code, a, out, dims, sides)
        elif family == _LOSSES:
            _run_losses(a, b, out, dims)
        else:
            index = indices[instruction[INDEX] : instruction[INDEX] + instruction[INDEX_SIZE]]
            _run_structure(code, a, b, out, index)
