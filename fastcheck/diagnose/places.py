"""Where a mistake may sit: the lines that fit with which parameters are right and which wrong."""

from __future__ import annotations

from fastcheck.diagnose.case import Case
from fastcheck.diagnose.sweep import Read, Sweep

# More lines than that are no place.
_MOST = 40


def line_of(sweep: Sweep, at: int) -> tuple[str, ...]:
    """Return the line of the forward that reads a value: the one whose backward is wrong."""
    reads = sweep.reads.get(at, [])
    lines = [str(read.operation.source) for read in reads if read.operation.source is not None]
    return tuple(dict.fromkeys(lines))


def suspected_lines(case: Case, sweep: Sweep) -> tuple[str, ...]:
    """Return the lines, in forward order, whose backward would spoil just what is wrong.

    A mistake in what an operation hands to an operand spoils every parameter that reaches the
    operand, and no other.
    """
    wrong = frozenset(case.wrong)
    right = frozenset(
        name
        for name, suspect in case.suspects.items()
        if not suspect.wrong and suspect.visible.any()
    )
    parameters = {number: name for name, number in sweep.program.parameters.items()}
    lines: dict[str, None] = {}
    for operation in sweep.program.operations:
        for position in range(len(operation.inputs)):
            number = Read(operation, position).number
            name = parameters.get(number)
            reach = frozenset((name,)) if name is not None else sweep.reach.get(number, frozenset())
            if wrong <= reach and not reach & right and operation.source is not None:
                lines[str(operation.source)] = None
    return tuple(lines)[:_MOST]
