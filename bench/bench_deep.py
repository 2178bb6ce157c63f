"""The deep network's rows, each as a benchmark of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench import deep
from bench.cases import Case, deep_case
from bench.sampled import Places, drawn, error_at
from bench.timing import Competitor


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return deep_case(5) if request.config.getoption("benchmark_disable") else deep_case()


@pytest.fixture(scope="module")
def places(request: pytest.FixtureRequest, case: Case) -> Places:
    few = request.config.getoption("benchmark_disable")
    return drawn(case.model.params, 20 if few else deep.SAMPLE)


@pytest.fixture(scope="module")
def everyone(case: Case, places: Places) -> dict[str, Competitor]:
    return {one.name: one for one in deep.competitors(case, places)}


@pytest.mark.parametrize("name", [deep.TWO_THREADS, deep.ONE_THREAD])
def test_incremental_engine(
    benchmark: Any, everyone: dict[str, Competitor], case: Case, name: str
) -> None:
    everyone[deep.TWO_THREADS].warm_up()
    error = case.error(benchmark.pedantic(everyone[name].run, rounds=3))
    note(benchmark, case, case.parameters, 2 if name == deep.TWO_THREADS else 1, error)
    assert error < deep.ERROR


def test_reference_loop_at_random_parameters(
    benchmark: Any, everyone: dict[str, Competitor], case: Case, places: Places
) -> None:
    everyone[deep.LOOP].warm_up()
    found = benchmark.pedantic(everyone[deep.LOOP].run, rounds=3)
    error = error_at(found, case.accurate, places)
    note(benchmark, case, sum(flat.size for flat in places.values()), 1, error)
    assert np.isfinite(error)


def note(benchmark: Any, case: Case, timed_on: int, threads: int, error: float) -> None:
    benchmark.extra_info.update(
        timed_on=f"{timed_on:,} parameters",
        parameters=case.parameters,
        batch=len(case.x),
        threads=threads,
        blas_threads=1,
        dtype=case.dtype,
        largest_error=error,
    )
