"""Cold start: what a user waits for at the first call, compilation included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.cold_start import IMPORT, IMPORT_API, INTERPRETER, import_in_new_process, run
from bench.process import Process


@pytest.mark.parametrize("what", [INTERPRETER, IMPORT, IMPORT_API])
def test_import(benchmark: Any, what: str) -> None:
    benchmark.pedantic(import_in_new_process, args=(what,), rounds=5, warmup_rounds=1)


@pytest.fixture(scope="module")
def used_cache(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path | None:
    """A folder for the kernel cache; the first benchmark below fills it.

    Where only it is asked whether the benchmarks run, the user's, so that nothing is compiled.
    """
    if request.config.getoption("benchmark_disable"):
        return None
    return tmp_path_factory.mktemp("cache")


# In this order: the second finds what the first has compiled.


def test_first_run_with_empty_cache(benchmark: Any, used_cache: Path | None) -> None:
    note(benchmark, benchmark.pedantic(run, args=(used_cache,), rounds=1))


def test_first_run_with_warm_cache(benchmark: Any, used_cache: Path | None) -> None:
    if used_cache is not None and not any(used_cache.iterdir()):  # run alone, with -k
        run(used_cache)
    note(benchmark, benchmark.pedantic(run, args=(used_cache,), rounds=5))


def note(benchmark: Any, process: Process) -> None:
    benchmark.extra_info.update(
        timed_on="the classic network, every parameter",
        parameters=39_760,
        batch=100,
        threads=2,
        blas_threads=1,
        dtype="float64",
        processor_seconds=process.processor_seconds,
        peak_memory=process.peak_memory,
    )
    assert "PASS" in process.output
