"""What is wrong beside the textbook's epsilon: a loss of log(p + epsilon), a gradient of log(p).

The gradient is held against that of the loss without the epsilon. It is made by going back through
the recording, since no difference of such a loss is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.sweep import Sweep
from fastcheck.program import Operation, Program
from fastcheck.verdict import Bounds, bounds_of

# From here on a constant is no epsilon.
LARGEST = 1e-2


def epsilons(sweep: Sweep) -> Iterator[tuple[Operation, int, int]]:
    """Yield every log(p + epsilon): the logarithm, and the numbers of p and of the epsilon."""
    for operation in sweep.program.operations:
        if operation.primitive.name != "log" or operation.output not in sweep.adjoints:
            continue
        total = sweep.made(operation.inputs[0])
        if total is None or total.primitive.name != "add":
            continue
        for number, other in (total.inputs, total.inputs[::-1]):
            constant = sweep.program.constants.get(other)
            if constant is not None and constant.size == 1 and 0 < constant.item() < LARGEST:
                yield operation, number, other


def without_epsilons(case: Case, sweep: Sweep) -> Case | None:
    """Return the case of the same gradients and a loss without epsilons; None if it has none.

    Where nothing but the epsilons is wrong, none of its elements failed.
    """
    numbers = {epsilon for _, _, epsilon in epsilons(sweep)}
    if not numbers:
        return None
    program = sweep.program
    zeros = {number: np.zeros_like(program.constants[number]) for number in numbers}
    plain = replace(program, constants={**program.constants, **zeros})
    return replace(case, program=plain, suspects=_suspects(case, plain))


def _suspects(case: Case, program: Program) -> dict[str, Suspect]:
    dtype = np.float32 if case.unit_roundoff > np.finfo(np.float64).eps else np.float64
    gradients = {name: suspect.analytic.astype(dtype) for name, suspect in case.suspects.items()}
    bounds = bounds_of(program, gradients)
    return {name: _held_to(suspect, bounds[name]) for name, suspect in case.suspects.items()}


def _held_to(suspect: Suspect, known: Bounds) -> Suspect:
    """Return the parameter beside the derivative of another loss."""
    bound = known.bound + 2 * known.kink
    with np.errstate(invalid="ignore"):
        right = np.abs(suspect.analytic - known.centre) <= bound
    return replace(suspect, numerical=known.centre, bound=bound, failed=~right)
