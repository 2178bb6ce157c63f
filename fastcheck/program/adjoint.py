"""What a correct backprop may be off by: bounds on the gradient, element by element.

One sweep back through the program, in NumPy in float64. It serves both sides of the comparison. A
backprop multiplies adjoints by slopes; a difference that goes forward is multiplied by the same
slopes, the other way round. Written out along the paths from a parameter to the loss, the
first-order error of either is

    sum over operations of  |J below|' (|dJ|' + gamma |J|') |adjoint|

dJ being the error of an operation's slopes (`fastcheck.primitives.slopes`) and gamma the rounding
of its sums. The adjoint is the true one, not a sum of sizes, so that what cancels once above does
not count again at every operation below; where the terms of a slope itself cancel (p - t, 1 - y^2)
its rule has their sizes. Source: running error analysis, Higham, "Accuracy and Stability of
Numerical Algorithms" (2002), section 3.3, on the adjoint recursion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import ALLOWANCE, Bound, likely, underflow, unit_roundoff
from fastcheck.program.clipped import Clipped, pull_to_scores
from fastcheck.program.graph import moving
from fastcheck.program.logistic import sigmoids
from fastcheck.program.program import Operation, Program
from fastcheck.program.pull import Pull, pulls

Array = NDArray[np.float64]

# Roundings of a product by a slope, where the backward does not share out a factor such as 1 / N as
# the forward does: one for the product, one for the factor.
PRODUCT = 2.0


@dataclass(frozen=True, slots=True)
class Adjoint:
    """What is known of the derivative of the loss by a value; all arrays have its shape, float64.

    Attributes
    ----------
    value
        The derivative; at switches with slopes half-way between those of the branches.
    error
        The bound on the first-order error of whoever computes it as precisely as the loss.
    size
        The sum of the sizes of all terms that it is made of: what it would be if nothing cancelled.
    kink
        Half of how far it may differ with the branches that are taken at switches, None where none
        is near.
    """

    value: Array
    error: Array
    size: Array
    kink: Array | None


def adjoints(
    program: Program,
    arrays: Mapping[int, Array],
    errors: Mapping[int, Bound],
    clipped: Mapping[int, Clipped],
) -> dict[int, Adjoint]:
    """Return the adjoint of every value that a parameter moves and the loss hangs on.

    Parameters
    ----------
    program
        The recorded loss.
    arrays, errors
        Every value and its bound, by number, as of `values_at` and `forward_errors`.
    clipped
        The logarithms of softmax and epsilon that count as one operation each, as a good backward
        has them, see `clipped_logarithms`; a difference goes through all operations one by one.
    """
    sweep = _Sweep(program, arrays, errors, clipped)
    with np.errstate(all="ignore"):
        for operation in reversed(program.operations):
            sweep.go_back(operation)
    return sweep.found


class _Sweep:
    """The adjoints found so far, from the loss down."""

    def __init__(
        self,
        program: Program,
        arrays: Mapping[int, Array],
        errors: Mapping[int, Bound],
        clipped: Mapping[int, Clipped],
    ) -> None:
        self.program, self.arrays, self.errors = program, arrays, errors
        one = np.ones(program.values[program.output].shape)
        self.found = {program.output: Adjoint(one, np.zeros(one.shape), one, None)}
        self._moves = moving(program)
        self._sigmoids = sigmoids(program)
        self._clipped = clipped
        # What sigmoids add to the error and the size, by the number of their argument.
        self._lost: dict[int, list[tuple[Array, Array]]] = {}

    def go_back(self, operation: Operation) -> None:
        """Add what the adjoint of an operation's result makes of those of its operands."""
        number = operation.output
        above = self.found.get(number)
        if above is None or number not in self._moves:
            return
        u = unit_roundoff(self.program.values[number].dtype)
        if number in self._sigmoids:
            lost = _of_a_sigmoid(above, self.arrays[number], self.errors[number], u)
            self._lost.setdefault(self._sigmoids[number], []).append(lost)
        clipped = self._clipped.get(number)
        if clipped is not None:
            z = clipped.scores
            self._add(z, pull_to_scores(clipped, self.arrays[z], self.errors[z], u), above, u)
            return
        wanted = [operand in self._moves for operand in operation.inputs]
        ways = pulls(operation, self.arrays, self.errors, u, wanted)
        for operand, way in zip(operation.inputs, ways, strict=True):
            if way is not None:
                self._add(operand, way, above, u)

    def _add(self, number: int, way: Pull, above: Adjoint, u: float) -> None:
        part = _pulled(way, above, u)
        for error, size in self._lost.pop(number, ()):
            part = replace(part, error=part.error + error, size=part.size + size)
        known = self.found.get(number)
        self.found[number] = part if known is None else _added(known, part, u)


def _of_a_sigmoid(above: Adjoint, y: Array, dy: Bound, u: float) -> tuple[Array, Array]:
    """Return what y (1 - y) costs over the slopes of the operations: y dy + 2 u y, and y."""
    most = np.abs(above.value) if above.kink is None else np.abs(above.value) + above.kink
    size = np.abs(y)
    return most * size * (dy + 2 * u), above.size * size


def _pulled(way: Pull, above: Adjoint, u: float) -> Adjoint:
    most = np.abs(above.value) if above.kink is None else np.abs(above.value) + above.kink
    roundings = likely(max(way.length - 1, 0), way.block) + (PRODUCT if way.rounded else 0.0)
    # A product that underflows is rounded by no more than the smallest number.
    error = way.size(above.error + roundings * u * most) + way.length * underflow(u)
    if way.error is not None:
        error = error + way.error(most + ALLOWANCE * above.error)
    kink = None if above.kink is None else way.size(above.kink)
    if way.kink is not None:
        bent = way.kink(most)
        kink = bent if kink is None else kink + bent
    return Adjoint(way.value(above.value), error, way.uncancelled(above.size), kink)


def _added(one: Adjoint, two: Adjoint, u: float) -> Adjoint:
    kinks = [part.kink for part in (one, two) if part.kink is not None]
    return Adjoint(
        one.value + two.value,
        one.error + two.error + u * (np.abs(one.value) + np.abs(two.value)),
        one.size + two.size,
        sum(kinks[1:], start=kinks[0]) if kinks else None,
    )
