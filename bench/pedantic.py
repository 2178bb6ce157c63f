"""An entrant as a benchmark of pytest-benchmark."""

from __future__ import annotations

from typing import Any

import pytest

from bench.entrant import Entrant

EVERY_PARAMETER = "every parameter"


def measured(benchmark: Any, entrant: Entrant, *, rounds: int, iterations: int = 1) -> float | None:
    """Compile, time, and note what was timed; return the largest error.

    What is not installed fails: the `bench` extra has every entrant.
    """
    if entrant.turns == 0:
        pytest.fail(entrant.note(None))
    entrant.warm_up()
    result = benchmark.pedantic(entrant.run, rounds=rounds, iterations=iterations)
    error = entrant.error(result)
    benchmark.extra_info.update(
        timed_on=EVERY_PARAMETER,
        parameters=entrant.case.parameters,
        batch=len(entrant.case.x),
        threads=entrant.threads,
        blas_threads=1,
        dtype=entrant.case.dtype,
        largest_error=error,
        note=entrant.note(result),
    )
    return error
