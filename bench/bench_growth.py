"""Growth: the classic network with other batches and other numbers of hidden units."""

from __future__ import annotations

from typing import Any

import pytest

from bench.cases import Sizes
from bench.growth import BATCHES, HIDDEN, competitor


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("batch", BATCHES)
def test_growth(benchmark: Any, request: pytest.FixtureRequest, batch: int, hidden: int) -> None:
    if request.config.getoption("benchmark_disable"):
        batch, hidden = batch // 10, hidden // 5
    entrant = competitor(Sizes(batch, hidden))
    entrant.warm_up()
    found = benchmark.pedantic(entrant.run, rounds=10)
    benchmark.extra_info.update(
        parameters=sum(array.size for array in found.values()),
        batch=batch,
        hidden=hidden,
        threads=2,
        blas_threads=1,
        dtype="float64",
    )
    assert found["W1"].shape == (784, hidden)
