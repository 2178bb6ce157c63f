"""Which values of a program are an activation of another, however it is spelled.

Known by what they are, not by how they were computed: the operations are run on a few numbers, and
what comes out is compared with sigmoid, tanh, softplus, ReLU and its leaky kin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from fastcheck.diagnose.case import Array
from fastcheck.diagnose.sweep import Sweep
from fastcheck.primitives.base import Form

# How many operations one activation may be spelled with.
_LONGEST = 10
_RELATIVE = 1e-9
# Where a function shows which one it is; at tiny x a tanh and x itself are the same.
_GRID = np.linspace(-3.0, 3.0, 25)
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
        for y, before, after in _functions_of(sweep, x, place + 1):
            found = _recognised(before, after)
            if found is not None and y in sweep.adjoints:
                seen.add(y)
                yield Activation(found[0], x, y, found[1])
                break


def _functions_of(sweep: Sweep, x: int, begin: int) -> Iterator[tuple[int, Array, Array]]:
    """Yield the values that hang on x alone, element by element, and how: points, and f there."""
    shape = sweep.arrays[x].shape
    known = {x}
    on_grid = {x: _GRID}
    for operation in sweep.program.operations[begin : begin + _LONGEST]:
        y = operation.output
        moving = [number for number in operation.inputs if sweep.moves(number)]
        if not (
            moving
            and known.issuperset(moving)
            and operation.primitive.form in _ELEMENTWISE
            and sweep.arrays[y].shape == shape
        ):
            continue
        known.add(y)
        operands = [_at_grid(sweep, number, on_grid) for number in operation.inputs]
        if all(operand is not None for operand in operands):
            with np.errstate(all="ignore"):
                values = operation.primitive.evaluate(*operands, **operation.attributes)
            on_grid[y] = np.asarray(values, np.float64)
            yield y, _GRID, on_grid[y]
        else:
            yield y, sweep.arrays[x], sweep.arrays[y]


def _at_grid(sweep: Sweep, number: int, on_grid: Mapping[int, Array]) -> Array | None:
    """Return an operand at the grid; None for a constant that is not the same for all elements."""
    if sweep.moves(number):
        return on_grid.get(number)
    constant = sweep.arrays[number]
    return np.full(_GRID.shape, constant.flat[0]) if constant.size == 1 else None


def _recognised(before: Array, after: Array) -> tuple[str, float] | None:
    """Return which activation it is, and its slope for x < 0."""
    if not np.all(np.isfinite(before)):
        return None
    with np.errstate(all="ignore"):
        for kind, function in _SMOOTH.items():
            if _close(after, function(before)):
                return kind, 0.0
    above, below = before > 0, before < 0
    # Where only one side is seen it may be anything.
    if not (np.any(above) and np.any(below)) or not np.array_equal(after[above], before[above]):
        return None
    if not np.any(after[below]):
        return "relu", 0.0
    slope = float(np.median(after[below] / before[below]))
    if 0.0 < slope < 1.0 and _close(after[below], slope * before[below]):
        return "leaky", slope
    return None


def _close(one: Array, two: Array) -> bool:
    return bool(np.all(np.abs(one - two) <= _RELATIVE * np.abs(two) + np.finfo(float).tiny))
