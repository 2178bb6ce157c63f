"""The program's values at its base point, and what the kernels need to know of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.incremental.memory import Memory
from fastcheck.engine.kernels.layout import COEFFICIENTS, PICK
from fastcheck.primitives.running_error import ALLOWANCE
from fastcheck.primitives.softmax import softmax
from fastcheck.program import BaseValues, Operation, Program

# Distance between coefficient arrays and the place of the first of them.
Coefficients = tuple[int, int]


class BasePoint:
    """Base values in a `Memory`, each stored when it is first asked for.

    Attributes
    ----------
    program
        The recorded loss.
    arrays
        float64: every value by its number.
    memory
        Where they are stored.
    """

    def __init__(
        self,
        program: Program,
        arrays: Mapping[int, NDArray[np.float64]],
        errors: Mapping[int, NDArray[np.float64] | float],
        memory: Memory,
        places: dict[object, int],
    ) -> None:
        self.program = program
        self.arrays = arrays
        self._errors = errors
        self.memory = memory
        self._places = places

    @classmethod
    def of(cls, program: Program, values: BaseValues) -> BasePoint:
        """Begin with the program's values."""
        arrays = values.arrays
        # Room for the values, and as much again thrice for what is made of them.
        memory = Memory(np.zeros(4 * sum(array.size for array in arrays.values()) + 1))
        return cls(program, arrays, values.errors, memory, {})

    def fork(self) -> BasePoint:
        """Return a copy for another thread."""
        return BasePoint(
            self.program, self.arrays, self._errors, self.memory.fork(), dict(self._places)
        )

    @property
    def loss_error(self) -> float:
        """How far rounding may have taken the user's own loss."""
        return float(np.max(self._errors.get(self.program.output, 0.0)))

    @property
    def loss(self) -> float:
        """The loss at the base point."""
        return float(self.arrays[self.program.output])

    def value(self, number: int) -> int:
        """Return where a value lies."""
        return self._stored(("value", number), self.arrays[number])

    def value_and_error(self, number: int) -> Coefficients:
        """Return where a value lies with the reach of rounding of each element after it."""
        array = self.arrays[number]
        key = ("value and error", number)
        if key not in self._places:
            pair = np.stack([array, ALLOWANCE * self._error(number, array.shape)])
            self._places[key] = self.memory.append(pair)
        return self._places[key], array.size

    def inverse(self, number: int) -> int:
        """Return where 1 / value lies."""
        key = ("inverse", number)
        if key not in self._places:
            with np.errstate(all="ignore"):
                self._places[key] = self.memory.append(1.0 / self.arrays[number])
        return self._places[key]

    def finite(self, number: int) -> bool:
        """Tell whether no element of a value is inf or nan."""
        return bool(np.isfinite(self.arrays[number]).all())

    def coefficients(self, operation: Operation, form: int) -> Coefficients:
        """Return where the coefficients of an elementwise operation lie, laid out as its result."""
        result = self.arrays[operation.output]
        key = ("coefficients", operation.output)
        if key not in self._places:
            self._places[key] = self.memory.append(self._computed(operation, form))
        return self._places[key], result.size

    def _computed(self, operation: Operation, form: int) -> NDArray[np.float64]:
        result = self.arrays[operation.output]
        operands = [np.broadcast_to(self.arrays[n], result.shape) for n in operation.inputs]
        out = np.zeros((COEFFICIENTS[form], *result.shape))
        margin: NDArray[np.float64] | float = 0.0
        if form == PICK:
            # The bounds are of first order: an error may reach twice of it.
            margin = out[3] = ALLOWANCE * sum(
                self._error(n, result.shape) for n in operation.inputs
            )
        out[:3] = np.broadcast_arrays(
            *operation.primitive.coefficients(operands, result, margin), out[0]
        )[:3]
        return out

    def softmax(self, number: int) -> int:
        """Return where the softmax of rows of scores lies."""
        key = ("softmax", number)
        if key not in self._places:
            self._places[key] = self.memory.append(softmax(self.arrays[number]))
        return self._places[key]

    def choice(self, operation: Operation) -> Coefficients:
        """Return where the coefficients of a ``where`` lie."""
        result = self.arrays[operation.output]
        key = ("choice", operation.output)
        if key not in self._places:
            taken = np.broadcast_to(self.arrays[operation.inputs[0]] != 0.0, result.shape)
            pair = np.stack([taken.reshape(-1), ~taken.reshape(-1)])
            self._places[key] = self.memory.append(pair)
        return self._places[key], result.size

    def _error(self, number: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
        error = np.asarray(self._errors.get(number, 0.0))
        own = self.arrays[number].shape
        return np.broadcast_to(np.broadcast_to(error, own), shape)

    def _stored(self, key: object, array: NDArray[np.float64]) -> int:
        if key not in self._places:
            self._places[key] = self.memory.append(array)
        return self._places[key]
