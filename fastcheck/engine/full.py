"""The full engine: the whole recorded forward, twice for every perturbed element, compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.kernels.differences import (
    REFINEMENT,
    REFINEMENTS,
    central_differences,
)
from fastcheck.engine.kernels.interpreter import A_SIZE, CODE, DIMS, OUT_SIZE
from fastcheck.engine.plan import Plan, make_plan, unfilled
from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.engine.steps import FULL_STEP, checked_step
from fastcheck.engine.workers import Progress, Range, cut, usable_threads, work_through
from fastcheck.primitives import linear, smooth
from fastcheck.primitives.base import FAMILY_SIZE
from fastcheck.program import Program

# A multiply-add takes 0.1-0.3 ns, an element of a smooth function about 5 ns, anything else less
# than 1 ns: in multiply-adds, the cost of an element by family.
_SMOOTH_COST = 25
_OTHER_COST = 3

# Multiply-adds of one range: some 0.05 s, so that Ctrl-C and progress are prompt.
_RANGE_COST = 2.0e8


def full_gradient(
    program: Program,
    *,
    names: Sequence[str],
    step: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> NumericalGradient:
    """Return the central differences of a program's loss.

    Parameters
    ----------
    program
        The recorded loss.
    names
        The parameters to perturb.
    step
        h; by default FULL_STEP.
    threads
        Workers, each with a copy of all values; by default the CPUs this process may use. The
        result is the same bit for bit for any number.
    progress
        Called with (elements done, elements in all).

    Raises
    ------
    InvalidArgument
        If `step` or `threads` is out of range.
    """
    threads = usable_threads(threads)
    base = {name: program.base[name] for name in names}
    step = checked_step(step, FULL_STEP, base)
    began = perf_counter()
    plan = make_plan(program)
    ready = perf_counter()
    results = {name: unfilled(array.shape) for name, array in base.items()}
    ranges = cut(
        {name: array.size for name, array in base.items()},
        {name: 2 * _cost(plan, name) for name in names},
        target=_RANGE_COST,
        threads=threads,
    )
    work_through(ranges, lambda: _worker(plan, step, results), threads=threads, progress=progress)
    return NumericalGradient(
        parameters={name: _differences(filled, step) for name, filled in results.items()},
        engine="full",
        loss=float(plan.memory[plan.output]),
        unit_roundoff=2.0**-53,
        forward_roundoff=program.unit_roundoff,
        sees_switches=True,
        step=step,
        threads=min(threads, max(1, len(ranges))),
        seconds=perf_counter() - ready,
        setup_seconds=ready - began,
    )


_Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def _differences(filled: _Arrays, step: float) -> ParameterDifferences:
    central, left, right, refined, switched = filled
    return ParameterDifferences(
        central=central,
        left=left,
        right=right,
        step=step / REFINEMENT**refined,
        switched=switched,
        crossed=switched,
    )


def _worker(plan: Plan, step: float, results: dict[str, _Arrays]) -> Callable[[Range], None]:
    """Return a function that does ranges on its own copy of all values."""
    memory = plan.memory.copy()
    decisions = np.zeros((2, plan.switches), np.int32)

    def work(item: Range) -> None:
        central_differences(
            plan.instructions,
            plan.rows[item.name],
            memory,
            plan.indices,
            decisions,
            plan.output,
            plan.places[item.name],
            item.start,
            item.stop,
            step,
            REFINEMENTS,
            *(array.reshape(-1) for array in results[item.name]),
        )

    return work


def _cost(plan: Plan, name: str) -> float:
    """Return the cost of one evaluation after a change of parameter `name`, in multiply-adds."""
    total = 1.0
    for row in plan.rows[name]:
        instruction = plan.instructions[row]
        code = int(instruction[CODE])
        family = code // FAMILY_SIZE
        if code == linear.MATMUL_SPARSE:
            total += float(instruction[A_SIZE] * instruction[DIMS + 3])
        elif family == linear.FAMILY:
            total += float(instruction[OUT_SIZE] * instruction[DIMS + 2])
        elif family == smooth.FAMILY:
            total += float(_SMOOTH_COST * instruction[OUT_SIZE])
        else:
            total += float(_OTHER_COST * max(instruction[OUT_SIZE], instruction[A_SIZE]))
    return total
