"""The proof: what is propagated is what the user's own loss does.

The rules are exact for steps of any size. So for a few elements of every parameter and large steps
H, the propagated difference must be ``loss(w + H) - loss(w)`` as the user's code computes it, to
the rounding of that loss; and for the tiny step, the forms for small steps must agree with the
exact rules.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.panels import run_panels
from fastcheck.engine.incremental.prepared import Prepared
from fastcheck.engine.incremental.scratch import Scratch
from fastcheck.engine.incremental.template import Template, Templates
from fastcheck.engine.kernels.arguments import Outcome
from fastcheck.engine.result import NumericalGradient
from fastcheck.errors import InternalError
from fastcheck.primitives.base import Form
from fastcheck.program import Program, evaluate, values_at

# The loss at w + H for one element, and the step really taken, (w + H) - w.
LossAt = Callable[[str, int, float], tuple[float, float]]

# One element each: within the smooth, across some switches, across most.
LARGE_STEPS = (1e-3, 1e-1, 1.0)

# Two losses are compared, each wrong by its rounding: of first order, so twice the bound, and at
# least as much as a recording is allowed.
_ROUNDINGS = 4.0
_ROUNDING_FACTOR = 2.0**14

# The two ways of one step differ by the rounding of either, relative to the largest gradient.
_AGREEMENT = 1e-11

# What is left of a value when so many digits of its difference are lost that a comparison means
# nothing any more.
_LITTLE = 2.0**-8

_FORWARD = np.ones(1)


def replayed_loss(program: Program) -> LossAt:
    """Return the loss of the program itself, for where there is no user's code at hand."""

    def loss_at(name: str, element: int, step: float) -> tuple[float, float]:
        parameters = _parameters(program, name, element, step)
        taken = float(parameters[name].flat[element]) - float(program.base[name].flat[element])
        return evaluate(program, parameters), taken

    return loss_at


def _parameters(
    program: Program, name: str, element: int, step: float
) -> dict[str, NDArray[np.float64]]:
    moved = program.base[name].copy()
    moved.flat[element] += step
    # One parameter may have several names.
    number = program.parameters[name]
    names = [other for other, same in program.parameters.items() if same == number]
    return {**program.base, **dict.fromkeys(names, moved)}


@dataclass(frozen=True, slots=True)
class Trial:
    """The loss with one element of a parameter moved by a large step.

    Attributes
    ----------
    name, element
        Which element, counted flat.
    taken
        The step really taken.
    loss
        The loss there.
    """

    name: str
    element: int
    taken: float
    loss: float


def tried(program: Program, names: Sequence[str], loss_at: LossAt) -> list[Trial]:
    """Evaluate the loss for some elements of every parameter, one for each of LARGE_STEPS.

    Parameters
    ----------
    program
        The recorded loss.
    names
        The parameters to draw elements from.
    loss_at
        The user's loss with one element moved.
    """
    rng = np.random.default_rng(0)
    trials = []
    for name in names:
        size = program.base[name].size
        for step in LARGE_STEPS if size else ():
            element = int(rng.integers(size))
            loss, taken = loss_at(name, element, step)
            trials.append(Trial(name, element, taken, loss))
    return trials


def prove(
    ready: Prepared, names: Sequence[str], trials: Sequence[Trial], result: NumericalGradient
) -> None:
    """Compare what is propagated with the loss itself.

    Parameters
    ----------
    ready
        The program's templates.
    names
        The parameters.
    trials
        The loss after large steps, as from `tried`.
    result
        The gradient, for the second comparison.

    Raises
    ------
    InternalError
        If they disagree.
    """
    scratch = Scratch()
    program, base = ready.templates.program, ready.templates.base
    for name in names:
        of_name = [trial for trial in trials if trial.name == name]
        for trial in of_name:
            element, taken, loss = trial.element, trial.taken, trial.loss
            if not math.isfinite(loss) or taken == 0.0:
                continue
            moved = _one(ready, name, element, taken, scratch)
            scale = max(abs(loss), abs(program.loss))
            allowed = max(
                _ROUNDINGS * base.loss_error, _ROUNDING_FACTOR * program.unit_roundoff * scale
            )
            agree = abs(moved - (loss - program.loss)) <= allowed
            if not agree and not _loses_digits(ready, name, element, taken):
                raise InternalError(
                    f"the loss moves by {loss - program.loss!r} where {name}[{element}] moves by "
                    f"{taken!r}, but the propagated difference is {moved!r} "
                    f"(within {allowed:.1e}); please report this with the program:\n{program!r}"
                )
        if not of_name:
            continue
        element = of_name[-1].element
        found = result.parameters[name]
        step = float(found.step.flat[element])
        slope = _one(ready, name, element, step, scratch) / step
        largest = float(np.max(np.abs(found.central), initial=0.0))
        small = float(found.right.flat[element])
        # Where every slope cancels to nothing, all that is left is rounding, in float64.
        rounding = base.loss_error * (2.0**-53 / program.unit_roundoff)
        allowed = max(_AGREEMENT * largest, rounding)
        if math.isfinite(slope) and not abs(slope - small) <= allowed:
            raise InternalError(
                f"the exact rules give {name}[{element}] the slope {slope!r}, the forms for small "
                f"steps {small!r}; please report this with the program:\n{program!r}"
            )


def _loses_digits(ready: Prepared, name: str, element: int, step: float) -> bool:
    """Tell whether a step leaves next to nothing of what a curve or a quotient takes in.

    As in log(p + 1e-12), where p falls from 1 to 0: a difference good to the last digit of 1 is not
    good to any of 1e-12.
    """
    program, before = ready.templates.program, ready.templates.base.arrays
    with np.errstate(all="ignore"):
        after = values_at(program, _parameters(program, name, element, step))
        return any(
            bool(np.any((np.abs(after[n]) < _LITTLE * np.abs(before[n])) & (after[n] != 0.0)))
            for operation in program.operations
            if operation.primitive.form in (Form.CURVED, Form.SOFT, Form.QUOTIENT)
            for n in operation.inputs
        )


def _one(ready: Prepared, name: str, element: int, step: float, scratch: Scratch) -> float:
    """Return the difference of the loss for one element, by the exact rules alone."""
    template, owner = _template_with(ready, name, element)
    panel, lane = divmod(_place(template, element), template.route.entries.shape[1])
    outcome = Outcome.empty(ready.templates.program.base[name].size, 1)
    run_panels(
        template,
        owner.memory,
        scratch,
        outcome,
        points=_FORWARD,
        step=step,
        refinements=0,
        start=panel,
        stop=panel + 1,
        only=lane,
        general=True,
    )
    return float(outcome.moved[element, 0])


def _template_with(ready: Prepared, name: str, element: int) -> tuple[Template, Templates]:
    """Return the template that moves an element, and whose memory it reads."""
    for template in ready.kept(name) or ():
        if template.route.entries.reshape(-1)[_place(template, element)] == element:
            return template, ready.templates
    with ready.lock:
        own = ready.templates.fork()
    return own.of_chunk(name, element, element + 1), own


def _place(template: Template, element: int) -> int:
    """Return where in a template's entries an element is; anywhere, if it is not there."""
    return int(np.argmax(template.route.entries == element))
