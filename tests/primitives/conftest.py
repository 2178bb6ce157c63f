"""One operation by the compiled kernels and by NumPy; and numbers with errors, for the rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import prod
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from fastcheck.engine.kernels.differences import central_differences
from fastcheck.engine.kernels.interpreter import CODE, OUT, OUT_SIZE
from fastcheck.engine.plan import Plan, make_plan, unfilled
from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE
from fastcheck.program import Operation, Program, Value


@dataclass(frozen=True)
class Applied:
    """What the kernels made of an operation.

    Attributes
    ----------
    result, expected
        By the kernels, and by ``Primitive.evaluate``.
    sides
        The switch positions that the kernels noted.
    codes
        Of the instructions, in order.
    """

    result: NDArray[np.float64]
    expected: NDArray[np.float64]
    sides: NDArray[np.int32]
    codes: list[int]


def program_of(
    name: str, inputs: tuple[ArrayLike, ...], constants: Collection[int], attributes: dict[str, Any]
) -> tuple[Program, NDArray[np.float64]]:
    """Return a program of this one operation, and what it gives in NumPy."""
    arrays = [np.asarray(item, np.float64) for item in inputs]
    with np.errstate(all="ignore"):
        result = PRIMITIVES[name].evaluate(*arrays, **attributes)
    expected = np.asarray(result, np.float64)
    moving = {f"p{n}": n for n in range(len(arrays)) if n not in constants}
    output = len(arrays)
    program = Program(
        values=tuple(Value(array.shape, array.dtype) for array in (*arrays, expected)),
        operations=(Operation(PRIMITIVES[name], tuple(range(output)), output, attributes, None),),
        parameters=moving,
        base={parameter: arrays[n] for parameter, n in moving.items()},
        constants={n: arrays[n] for n in constants},
        output=output,
        loss=float("nan"),
        unit_roundoff=2.0**-53,
        batch=1,
    )
    return program, expected


def written(plan: Plan) -> NDArray[np.bool_]:
    """Return which places of the memory an instruction may write to."""
    places = np.zeros(plan.memory.size, bool)
    for instruction in plan.instructions:
        places[instruction[OUT] : instruction[OUT] + instruction[OUT_SIZE]] = True
    return places


def run_again(plan: Plan) -> NDArray[np.int32]:
    """Run all instructions over stale results; return the sides noted.

    Every place that is to be written holds another number beforehand, so that a kernel that leaves
    one out, or adds to what is there, shows; every other place must stay as it was.
    """
    memory = np.where(written(plan), 12345.678, plan.memory)
    decisions = np.full((2, plan.switches), 77, np.int32)
    rows = np.arange(len(plan.instructions))
    with np.errstate(all="ignore"):  # where Numba is disabled
        central_differences(
            plan.instructions,
            rows,
            memory,
            plan.indices,
            decisions,
            plan.output,
            *(0, 0, 0, 1.0, 0),
            *unfilled((0,)),
        )
    np.testing.assert_array_equal(memory, plan.memory)
    return decisions[0]


@pytest.fixture(scope="session")
def apply() -> Callable[..., Applied]:
    """Return ``apply(name, *inputs, constants=(), **attributes)``.

    All inputs move but those whose positions are in `constants`.
    """

    def run(
        name: str, *inputs: ArrayLike, constants: Collection[int] = (), **attributes: Any
    ) -> Applied:
        program, expected = program_of(name, inputs, constants, attributes)
        with np.errstate(all="ignore"):
            plan = make_plan(program)
        result = plan.memory[plan.output : plan.output + prod(expected.shape)]
        return Applied(
            result=result.reshape(expected.shape),
            expected=expected,
            sides=run_again(plan),
            codes=[int(code) for code in plan.instructions[:, CODE]],
        )

    return run


@pytest.fixture(scope="session")
def roundoff() -> dict[str, float]:
    """Return the unit roundoff of each dtype that a user's loss may have."""
    return {"float64": 2.0**-53, "float32": 2.0**-24}


def errors_at_random(
    array: NDArray[Any], kind: str, rng: np.random.Generator
) -> NDArray[np.float64] | float:
    """Return a bound for every element, or 0.0 for exact ones."""
    if kind == "exact":
        return 0.0
    size = np.abs(array.astype(np.float64))
    if kind == "rounded":  # well above how far float64 is from exact values
        return size * 2.0 ** rng.uniform(-32, -20, array.shape)
    # From a small part of the number to several times the number.
    return size * 2.0 ** rng.uniform(-20, 3, array.shape)


@pytest.fixture(scope="session")
def errors_for() -> Callable[..., NDArray[np.float64] | float]:
    """Return ``errors_for(array, kind, rng)``: bounds for "exact", "rounded" or "wide" numbers."""
    return errors_at_random


@pytest.fixture(scope="session")
def moved() -> Callable[..., list[Any]]:
    """Return ``moved(array, error, rng)``."""

    def move(array: NDArray[Any], error: ArrayLike, rng: np.random.Generator) -> list[Any]:
        """Return exact values within twice the errors of `array`, often at the very end."""
        # 2^-20 less than twice: of first order in the unit roundoff, which is that of float32 too.
        part = rng.choice([-1.0, 1.0, 0.5, -0.3, 0.0], array.shape) * ALLOWANCE * (1 - 2.0**-20)
        delta = np.broadcast_to(part * error, array.shape)
        pairs = zip(array, delta, strict=True)
        with mpmath.workprec(400):
            return [mpmath.mpf(float(a)) + mpmath.mpf(float(d)) for a, d in pairs]

    return move
