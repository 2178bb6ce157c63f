"""Cold start: what a user waits for at the first call, compilation included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.cold_start import (
    IMPORT,
    IMPORT_API,
    INTERPRETER,
    import_in_new_process,
    run_in_new_process,
)


@pytest.mark.parametrize("what", [INTERPRETER, IMPORT, IMPORT_API])
def test_import(benchmark: Any, what: str) -> None:
    benchmark.pedantic(import_in_new_process, args=(what,), rounds=5, warmup_rounds=1)


@pytest.fixture(scope="module")
def used_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the kernel cache; the first benchmark below fills it."""
    return tmp_path_factory.mktemp("cache")


# In this order: the second finds what the first has compiled.


def test_first_run_with_empty_cache(benchmark: Any, used_cache: Path) -> None:
    report = benchmark.pedantic(run_in_new_process, args=(used_cache,), rounds=1)
    note(benchmark, report)


def test_first_run_with_warm_cache(benchmark: Any, used_cache: Path) -> None:
    if not (used_cache / "kernels").exists():  # run alone, with -k
        run_in_new_process(used_cache)
    report = benchmark.pedantic(run_in_new_process, args=(used_cache,), rounds=5)
    note(benchmark, report)


def note(benchmark: Any, report: dict[str, Any]) -> None:
    benchmark.extra_info.update(
        timed_on="a part: b2 alone",
        parameters=report["parameters"],
        batch=report["batch"],
        threads=report["threads"],
        blas_threads=1,
        dtype=report["params"]["b2"]["dtype"],
        largest_absolute_error=report["params"]["b2"]["max_abs_error"],  # against backprop
    )
    assert report["passed"]
