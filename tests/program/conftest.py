"""Programs by hand: the recorder has no part in these tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program import Operation, Program, Source, Value


class Writer:
    """Writes a program down, one value after the other; each method returns the value's number."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.arrays: list[NDArray[Any]] = []
        self.operations: list[Operation] = []
        self.parameters: dict[str, int] = {}
        self.constants: dict[int, NDArray[np.float64]] = {}

    def parameter(self, name: str, array: ArrayLike) -> int:
        self.parameters[name] = self._value(np.asarray(array, np.float64))
        return self.parameters[name]

    def constant(self, array: ArrayLike) -> int:
        number = self._value(np.asarray(array, np.float64))
        self.constants[number] = self.arrays[number]
        return number

    def apply(self, name: str, *inputs: int, line: int = 0, **attributes: Any) -> int:
        result = PRIMITIVES[name].evaluate(*(self.arrays[n] for n in inputs), **attributes)
        number = self._value(np.asarray(result))
        source = Source("folder/model.py", line) if line else None
        self.operations.append(Operation(PRIMITIVES[name], inputs, number, attributes, source))
        return number

    def program(self, output: int) -> Program:
        return Program(
            values=tuple(self.values),
            operations=tuple(self.operations),
            parameters=self.parameters,
            base={name: self.arrays[number] for name, number in self.parameters.items()},
            constants=self.constants,
            output=output,
            loss=float(self.arrays[output].reshape(-1)[0]),
            unit_roundoff=2.0**-53,
            batch=1,
        )

    def _value(self, array: NDArray[Any]) -> int:
        self.values.append(Value(array.shape, array.dtype))
        self.arrays.append(array)
        return len(self.values) - 1


@pytest.fixture(scope="session")
def writer() -> Callable[[], Writer]:
    return Writer
