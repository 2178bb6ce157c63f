"""What a change in the backward pass, at one value of the program, does to the gradient.

Below any point the backward pass is linear: where the adjoint of a value is off by D, the gradient
is off by the transposed Jacobian of that value times D, whatever lies above. So a mistake is
described where it is made, as a `Change`, and carried down from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import Bound, underflow, unit_roundoff
from fastcheck.program import Operation, Program, base_values
from fastcheck.program.adjoint import adjoints
from fastcheck.program.clipped import clipped_logarithms
from fastcheck.program.graph import moving
from fastcheck.program.pull import Pull, pulls

Array = NDArray[np.float64]

# Roundings of a product and of the sum that it goes into, in units of u.
_ROUNDINGS = 4.0


class Part(NamedTuple):
    """Something that is carried down, and a bound on its error; float64 of one shape."""

    value: Array
    error: Array


Judge = Callable[[str, Part], bool]


@dataclass(frozen=True, slots=True)
class Read:
    """One operand of one operation: `operation.inputs[position]`."""

    operation: Operation
    position: int

    @property
    def number(self) -> int:
        """The value that is read."""
        return self.operation.inputs[self.position]


class Sweep:
    """The backward pass of a program, to be changed where one likes.

    Attributes
    ----------
    program
        The recorded loss.
    arrays, errors
        Every value and its bound, by number.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.arrays, self.errors = base_values(program)
        self._moves = moving(program)
        self._ways: dict[int, list[Pull | None]] = {}
        self._place = {operation.output: i for i, operation in enumerate(program.operations)}
        names: dict[int, list[str]] = {}
        for name, number in program.parameters.items():
            names.setdefault(number, []).append(name)
        self._names = names
        self.reads: dict[int, list[Read]] = {}
        for operation in program.operations:
            for position, number in enumerate(operation.inputs):
                self.reads.setdefault(number, []).append(Read(operation, position))
        # When a parameter has got all that it gets, going back.
        self._complete: dict[int, list[int]] = {}
        for number in names:
            readers = self.reads.get(number)
            if readers:
                first = min(self._place[read.operation.output] for read in readers)
                self._complete.setdefault(first, []).append(number)

    def moves(self, number: int) -> bool:
        """Tell whether some parameter reaches the value."""
        return number in self._moves

    def is_unused(self, name: str) -> bool:
        """Tell whether the loss does not hang on a parameter at all."""
        return self.program.parameters[name] not in self.adjoints

    def made(self, number: int) -> Operation | None:
        """Return the operation that made a value, None for a parameter or a constant."""
        place = self._place.get(number)
        return None if place is None else self.program.operations[place]

    @cached_property
    def reach(self) -> Mapping[int, frozenset[str]]:
        """By value, the parameters that reach it."""
        reach = {number: frozenset(names) for number, names in self._names.items()}
        nothing: frozenset[str] = frozenset()
        for operation in self.program.operations:
            reach[operation.output] = nothing.union(
                *(reach.get(number, nothing) for number in operation.inputs)
            )
        return reach

    @cached_property
    def adjoints(self) -> Mapping[int, Part]:
        """The derivative of the loss by every value that moves and the loss hangs on."""
        shape = self.program.values[self.program.output].shape
        top = {self.program.output: Part(np.ones(shape), np.zeros(shape))}
        found = self._carried(top, len(self.program.operations), None, keep=True) or {}
        # These know some operations as one, with less error.
        for number, known in adjoints(
            self.program, self.arrays, self.errors, clipped_logarithms(self.program)
        ).items():
            error = known.error if known.kink is None else known.error + known.kink
            found[number] = Part(known.value, error)
        return found

    def roundoff(self, number: int) -> float:
        """Return the unit roundoff that the user's code computed the value with."""
        return max(unit_roundoff(self.program.values[number].dtype), 2.0**-53)

    def through(self, read: Read) -> Part | None:
        """Return what an operand's adjoint gets by this operation alone."""
        above = self.adjoints.get(read.operation.output)
        way = self._way(read.operation)[read.position]
        if above is None or way is None:
            return None
        with np.errstate(all="ignore"):
            return _pulled(way, above, self.roundoff(read.operation.output))

    def down_to(self, above: int, below: int) -> Part | None:
        """Return what the adjoint of one value gives to one further down; None if nothing."""
        if above == below:
            return self.adjoints[above]
        begin = self._place.get(above, -1) + 1
        end = self._place.get(below, -1) + 1
        found = self._carried({above: self.adjoints[above]}, begin, None, keep=True, end=end)
        return None if found is None else found.get(below)

    def carried(
        self, change: Mapping[int, Part], judge: Judge | None = None
    ) -> dict[str, Part] | None:
        """Return how far every parameter's gradient is moved by changes of some adjoints.

        Parameters
        ----------
        change
            By value number: by how much its adjoint is changed.
        judge
            Asked about every parameter reached, as early as may be; once it says no, the answer is
            None.
        """
        begin = max((self._place.get(number, -1) for number in change), default=-1) + 1
        # A parameter that is changed itself and not reached besides.
        found = self._carried(dict(change), begin, judge, keep=False)
        if found is None:
            return None
        return {
            name: part for number, part in found.items() for name in self._names.get(number, ())
        }

    def _carried(
        self,
        found: dict[int, Part],
        begin: int,
        judge: Judge | None,
        *,
        keep: bool,
        end: int = 0,
    ) -> dict[int, Part] | None:
        asked: set[int] = set()
        with np.errstate(all="ignore"):
            for place in reversed(range(end, begin)):
                operation = self.program.operations[place]
                above = found.get(operation.output)
                if above is not None:
                    if not keep:
                        del found[operation.output]
                    u = self.roundoff(operation.output)
                    ways = self._way(operation)
                    for number, way in zip(operation.inputs, ways, strict=True):
                        if way is not None:
                            part = _pulled(way, above, u)
                            found[number] = _added(found[number], part) if number in found else part
                if judge is not None:
                    ready = [n for n in self._complete.get(place, ()) if n in found]
                    asked.update(ready)
                    if not self._all(judge, ready, found):
                        return None
        if judge is not None:
            rest = [number for number in found if number in self._names and number not in asked]
            if not self._all(judge, rest, found):
                return None
        return found

    def _all(self, judge: Judge, numbers: Iterable[int], found: Mapping[int, Part]) -> bool:
        return all(judge(name, found[n]) for n in numbers for name in self._names[n])

    def _way(self, operation: Operation) -> list[Pull | None]:
        ways = self._ways.get(operation.output)
        if ways is None:
            wanted = [number in self._moves for number in operation.inputs]
            u = self.roundoff(operation.output)
            with np.errstate(all="ignore"):
                ways = pulls(operation, self.arrays, self.errors, u, wanted)
            self._ways[operation.output] = ways
        return ways

    def bound(self, number: int) -> Bound:
        """Return how far rounding may have taken a value."""
        return self.errors[number]

    def reached_by_all(self, names: Collection[str]) -> list[int]:
        """Return the values that all these parameters reach, in forward order."""
        wanted = frozenset(names)
        return [
            operation.output
            for operation in self.program.operations
            if wanted <= self.reach[operation.output] and operation.output in self.adjoints
        ]


def _pulled(way: Pull, above: Part, u: float) -> Part:
    most = np.abs(above.value)
    error = way.size(above.error + _ROUNDINGS * np.sqrt(way.length) * u * most)
    error = error + way.length * underflow(u)
    for extra in (way.error, way.kink):
        if extra is not None:
            error = error + extra(most + above.error)
    return Part(way.value(above.value), error)


def _added(one: Part, two: Part) -> Part:
    return Part(one.value + two.value, one.error + two.error)
