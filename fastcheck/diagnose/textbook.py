"""What is wrong beside the textbook's epsilon: a loss of log(p + epsilon), a gradient of log(p).

The gradient is held against that of the loss without the epsilon. It is made by going back through
the recording, since no difference of such a loss is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.fit import DECISIVE
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.sweep import Sweep
from fastcheck.program import Operation
from fastcheck.verdict import Bounds, bounds_of

# From here on a constant is no epsilon.
LARGEST = 1e-2
_DTYPES = {2.0**-11: np.float16, 2.0**-24: np.float32, 2.0**-53: np.float64}


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
    """Return the case of the same gradients and a loss without epsilons.

    Where nothing but the epsilons is wrong, none of its elements failed.

    Returns
    -------
    Case or None
        None if the loss has no epsilons, or if some parameter is wrong by so little that without
        them nothing could be seen of it: there any gradient would be right.
    """
    numbers = {epsilon for _, _, epsilon in epsilons(sweep)}
    if not numbers:
        return None
    program = sweep.program
    zeros = {number: np.zeros_like(program.constants[number]) for number in numbers}
    plain = replace(program, constants={**program.constants, **zeros})
    dtype = _DTYPES[case.unit_roundoff]
    gradients = {name: suspect.analytic.astype(dtype) for name, suspect in case.suspects.items()}
    bounds = bounds_of(plain, gradients)
    if not all(_decides(case.suspects[name], bounds[name]) for name in case.wrong):
        return None
    suspects = {name: _held_to(suspect, bounds[name]) for name, suspect in case.suspects.items()}
    return replace(case, program=plain, suspects=suspects)


def _decides(suspect: Suspect, known: Bounds) -> bool:
    """Tell whether some failed element is off by more than may be off beside the other loss."""
    within = np.abs(suspect.residual) <= DECISIVE * known.bound
    return bool(np.any(suspect.failed & ~within))


def _held_to(suspect: Suspect, known: Bounds) -> Suspect:
    """Return the parameter beside the derivative of another loss."""
    bound = known.bound + 2 * known.kink
    with np.errstate(invalid="ignore"):
        right = np.abs(suspect.analytic - known.centre) <= bound
    return replace(suspect, numerical=known.centre, bound=bound, failed=~right)


def left_out(case: Case, sweep: Sweep, *, besides: bool) -> Explanation:
    """Return in words that the gradient leaves the epsilons out, by itself or besides."""
    found = list(epsilons(sweep))
    values = sorted({float(sweep.program.constants[number].item()) for _, _, number in found})
    losses = " and ".join(f"log(p + {value:g})" for value in values)
    sizes = " or ".join(f"{value:g} / p" for value in values)
    text = (
        f"the loss has {losses} and the gradient is that of log(p), without the epsilon: the two "
        f"differ by about {sizes}; leave the epsilon out of the loss, or take p / (p + epsilon) "
        "into the backward."
    )
    begin = "Besides, " if besides else "The gradient of {names}: "
    return Explanation("loss", begin + text, case.wrong, found[0][1], {"epsilon": values[0]})
