"""Which values of a program are an activation of another, however it is spelled.

Known by what they are, not by how they were computed: sigmoid, tanh, softplus, ReLU and its leaky
kin are recognised on the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fastcheck.diagnose.case import Array
from fastcheck.diagnose.sweep import Sweep
from fastcheck.primitives.base import Form

# How many operations one activation may be spelled with.
_LONGEST = 10
_RELATIVE = 1e-9
_ELEMENTWISE = frozenset(Form) - {
    Form.MATMUL,
    Form.SUM,
    Form.EXTREME,
    Form.GATHER,
    Form.RESHAPE,
    Form.CROSS_ENTROPY,
}


@dataclass(frozen=True, slots=True)
class Activation:
    """y = f(x), element by element.

    Attributes
    ----------
    kind
        "relu", "leaky", "tanh", "sigmoid" or "softplus".
    x, y
        The numbers of the values.
    slope
        Of the leaky one, for x < 0.
    """

    kind: str
    x: int
    y: int
    slope: float = 0.0


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + e^-x)."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


_SMOOTH: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": lambda x: np.asarray(np.logaddexp(0.0, x)),
}


def activations(sweep: Sweep) -> Iterator[Activation]:
    """Yield the activations in forward order."""
    seen: set[int] = set()
    operations = sweep.program.operations
    for place, operation in enumerate(operations):
        x = operation.output
        if not sweep.moves(x) or sweep.arrays[x].ndim == 0 or x in seen:
            continue
        for y in _functions_of(sweep, x, place + 1):
            found = _recognised(sweep, x, y)
            if found is not None:
                seen.add(y)
                yield found
                break


def _functions_of(sweep: Sweep, x: int, begin: int) -> list[int]:
    """Return the values that hang on x alone, element by element."""
    shape = sweep.arrays[x].shape
    known = {x}
    for operation in sweep.program.operations[begin : begin + _LONGEST]:
        moving = [number for number in operation.inputs if sweep.moves(number)]
        if (
            moving
            and known.issuperset(moving)
            and operation.primitive.form in _ELEMENTWISE
            and sweep.arrays[operation.output].shape == shape
        ):
            known.add(operation.output)
    return sorted(known - {x})


def _recognised(sweep: Sweep, x: int, y: int) -> Activation | None:
    before, after = sweep.arrays[x], sweep.arrays[y]
    if y not in sweep.adjoints or not np.all(np.isfinite(before)):
        return None
    with np.errstate(all="ignore"):
        for kind, function in _SMOOTH.items():
            if _close(after, function(before)):
                return Activation(kind, x, y)
    return _piecewise(sweep, x, y)


def _piecewise(sweep: Sweep, x: int, y: int) -> Activation | None:
    before, after = sweep.arrays[x], sweep.arrays[y]
    made = sweep.made(y)
    switches = made is not None and made.primitive.form in (Form.SIDED, Form.CHOICE)
    above, below = before > 0, before < 0
    both = bool(np.any(above) and np.any(below))
    # Where only one side is seen it may be anything, but for the way it is made.
    if not (both or switches) or not np.array_equal(after[above], before[above]):
        return None
    if not np.any(after[below]):
        return Activation("relu", x, y)
    slope = float(np.median(after[below] / before[below]))
    if 0.0 < slope < 1.0 and _close(after[below], slope * before[below]):
        return Activation("leaky", x, y, slope)
    return None


def _close(one: Array, two: Array) -> bool:
    return bool(np.all(np.abs(one - two) <= _RELATIVE * np.abs(two) + np.finfo(float).tiny))
