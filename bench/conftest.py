"""What all benchmarks share: BLAS pinned, the sizes, the machine in the stored results."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

# As in `python -m bench`, BLAS must choose its own kernels. It reads this when NumPy is loaded,
# which nothing has done yet where only bench/ is run; otherwise the machine line shows whose
# kernels they are.
if "numpy" not in sys.modules:
    os.environ.pop("OPENBLAS_CORETYPE", None)

from bench.cases import Sizes
from bench.competitors import entrants
from bench.entrant import Entrant
from bench.machine import machine, machine_line
from bench.timing import one_blas_thread

# Where only it is asked whether the benchmarks run. With fewer units a sample may have none that is
# active, and its scores lie exactly on the kink of the second ReLU.
SMALL = Sizes(batch=10, hidden=8)


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    with one_blas_thread():
        machine_info.update(machine())


def pytest_report_header(config: pytest.Config) -> str:
    with one_blas_thread():
        return f"benchmarks on: {machine_line(machine())}"


@pytest.fixture(scope="session")
def sizes(request: pytest.FixtureRequest) -> Sizes:
    """The classic sizes, or with --benchmark-disable small ones."""
    return SMALL if request.config.getoption("benchmark_disable") else Sizes()


@pytest.fixture(scope="session")
def everyone(sizes: Sizes) -> dict[str, Entrant]:
    """The competitors by name."""
    return entrants(sizes)


@pytest.fixture(autouse=True)
def blas_pinned() -> Iterator[None]:
    """One BLAS thread in every benchmark."""
    with one_blas_thread():
        yield
