"""The tape: the growing list of operations while the user's loss runs."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import CannotRecord
from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program import Operation, Source, Value
from fastcheck.recording.where import calling_line


class Tape:
    """Operations, values and constants in the order in which the user's code made them.

    Attributes
    ----------
    values, operations, constants
        As in `fastcheck.program.Program`.
    failure
        The first refusal, kept because user code may swallow the exception.
    escapes
        Recorded scalars that were read as Python numbers: ``(value number, number read, line)``.
    """

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.operations: list[Operation] = []
        self.constants: dict[int, NDArray[np.float64]] = {}
        self.failure: CannotRecord | None = None
        self.escapes: list[tuple[int, float, Source | None]] = []

    def new_value(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
        """Append a value and return its number."""
        self.values.append(Value(shape, dtype))
        return len(self.values) - 1

    def constant(self, array: NDArray[Any]) -> int:
        """Append a copy of `array` as a constant and return its value number."""
        if array.dtype.kind not in "fiub":
            self.refuse(f"an array of dtype {array.dtype}", "only real numbers can be recorded")
        number = self.new_value(array.shape, array.dtype)
        self.constants[number] = np.array(array, dtype=np.float64, order="C")
        return number

    def emit(
        self,
        name: str,
        inputs: tuple[int, ...],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        /,
        **attributes: Any,
    ) -> int:
        """Append an operation and return the number of its output."""
        output = self.new_value(shape, dtype)
        self.operations.append(
            Operation(PRIMITIVES[name], inputs, output, attributes, calling_line())
        )
        return output

    def escaped(self, number: int, read: float) -> None:
        """Note that value `number`, a scalar, was read as the Python number `read`."""
        self.escapes.append((number, read, calling_line()))

    def refuse(self, operation: str, reason: str) -> NoReturn:
        """Raise CannotRecord for the running line of the user's code, and remember it."""
        source = calling_line() or Source("<unknown>", 0)
        error = CannotRecord(
            operation=operation, filename=source.filename, line=source.line, reason=reason
        )
        if self.failure is None:
            self.failure = error
        raise error
