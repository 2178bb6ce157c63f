"""Program: operations in single-assignment form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import Primitive


@dataclass(frozen=True, slots=True)
class Source:
    """A line of the user's code."""

    filename: str
    line: int

    def __str__(self) -> str:
        return f"{Path(self.filename).name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Value:
    """What an operation yields: `dtype` is the one that the user's code computed it in."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One primitive applied to values, with the line it came from."""

    primitive: Primitive
    inputs: tuple[int, ...]
    output: int
    attributes: Mapping[str, Any]
    source: Source | None


# Not by value: what is prepared for a program is kept as long as that very program lives.
@dataclass(frozen=True, eq=False)
class Program:
    """A loss as a list of array operations, recorded from the user's own forward.

    Values are numbered; each is a parameter, a constant, or the output of exactly one operation
    that comes after those of its inputs.

    Attributes
    ----------
    values
        Shape and dtype of every value.
    operations
        In the order in which they ran.
    parameters
        The value number of each parameter, in the model's order.
    base
        The parameters' arrays when the loss was recorded, float64 copies.
    constants
        The arrays of the constant values, float64 copies.
    output
        The value number of the loss, of shape ``()``.
    loss
        The loss that the user's code returned at `base`.
    unit_roundoff
        2**-53 where the user's code computed in float64, 2**-24 where any of it was float32.
    batch
        The length of the first axis of `x`.
    """

    values: tuple[Value, ...]
    operations: tuple[Operation, ...]
    parameters: Mapping[str, int]
    base: Mapping[str, NDArray[np.float64]]
    constants: Mapping[int, NDArray[np.float64]]
    output: int
    loss: float
    unit_roundoff: float
    batch: int

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        count = sum(array.size for array in self.base.values())
        lines = [f"Program of {len(self.operations)} operations over {count:,} parameters"]
        names = {number: name for name, number in self.parameters.items()}
        rows = [
            (f"{self._label(number, names)} = parameter", "")
            for number in dict.fromkeys(self.parameters.values())
        ]
        for operation in self.operations:
            inputs = ", ".join(self._operand(number, names) for number in operation.inputs)
            extra = "".join(
                f", {name}={value}"
                for name, value in operation.attributes.items()
                if not isinstance(value, np.ndarray)
            )
            left = self._label(operation.output, names)
            rows.append(
                (
                    f"{left} = {operation.primitive.name}({inputs}{extra})",
                    str(operation.source or ""),
                )
            )
        width = max(len(left) for left, _ in rows)
        lines += [f"  {left:<{width}}  {source}".rstrip() for left, source in rows]
        lines.append(f"  loss = {self._operand(self.output, names)}")
        return lines

    def _label(self, number: int, names: Mapping[int, str]) -> str:
        shape = "x".join(map(str, self.values[number].shape)) or "scalar"
        return f"{names.get(number, f'v{number}')}[{shape}]"

    def _operand(self, number: int, names: Mapping[int, str]) -> str:
        array = self.constants.get(number)
        if array is None:
            return names.get(number, f"v{number}")
        if array.size == 1:
            return f"{array.item():g}"
        return f"constant[{'x'.join(map(str, array.shape))}]"
