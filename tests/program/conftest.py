"""Programs by hand, without the recorder, and for the peephole those of losses of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.program import Operation, Program, Source, Value, evaluate, simplified
from fastcheck.recording import record, recorder


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


class Scored:
    """A loss of the scores ``x @ W + b``, as a model."""

    def __init__(self, loss: Callable[[Any], Any], size: float) -> None:
        rng = np.random.default_rng(5)
        self.params = {
            "W": size * rng.standard_normal((3, 4)),
            "b": size * rng.standard_normal(4),
        }
        self._loss = loss

    def loss(self, x: Any, t: Any) -> Any:
        return self._loss(x @ self.params["W"] + self.params["b"])


@pytest.fixture(scope="session")
def recorded() -> Callable[..., Program]:
    """Return ``recorded(loss of the scores)``: the program as it is before the peephole.

    The scores are those of 5 samples and 4 classes.
    """
    x = np.random.default_rng(3).standard_normal((5, 3))

    def run(loss: Callable[[Any], Any], size: float = 1.0) -> Program:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recorder, "simplified", partial(simplified, fuse=False))
            return record(Scored(loss, size), x, None)

    return run


def names_of(program: Program) -> list[str]:
    return [operation.primitive.name for operation in program.operations]


@pytest.fixture(scope="session")
def names() -> Callable[[Program], list[str]]:
    """Return ``names(program)``: its primitives, in order."""
    return names_of


def equal(program: Program, other: Program) -> bool:
    return (program.operations, program.values, program.output, program.constants.keys()) == (
        *(other.operations, other.values, other.output, other.constants.keys()),
    )


@pytest.fixture(scope="session")
def are_equal() -> Callable[[Program, Program], bool]:
    return equal


def points(program: Program) -> Iterator[dict[str, NDArray[Any]]]:
    """The recorded parameters, and others close to them and far from them."""
    rng = np.random.default_rng(6)
    yield program.base
    for size in (1e-3, 1.0, 10.0):
        yield {
            name: array + size * rng.standard_normal(array.shape)
            for name, array in program.base.items()
        }


def assert_same(program: Program, simple: Program) -> None:
    numbers = [operation.output for operation in simple.operations]
    assert len(set(numbers)) == len(numbers)
    known = set(simple.constants) | set(simple.parameters.values())
    for operation in simple.operations:
        assert known >= set(operation.inputs)
        known.add(operation.output)
        inputs = (np.zeros(simple.values[number].shape) for number in operation.inputs)
        with np.errstate(all="ignore"):
            result = operation.primitive.evaluate(*inputs, **operation.attributes)
        assert np.shape(result) == simple.values[operation.output].shape
    for parameters in points(program):
        before, after = evaluate(program, parameters), evaluate(simple, parameters)
        assert after == pytest.approx(before, rel=1e-14, abs=1e-14)


@pytest.fixture(scope="session")
def assert_the_same() -> Callable[[Program, Program], None]:
    """Return ``assert_the_same(program, simple)``: one is sound and means what the other does."""
    return assert_same
