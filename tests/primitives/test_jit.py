import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from fastcheck.primitives import cache
from fastcheck.primitives.jit import entry_kernel, kernel, linear_kernel

HERE = Path(__file__).parent

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="compiled kernels, where Numba compiles"
)


@pytest.fixture(autouse=True)
def no_problems():
    """What goes wrong in these tests is not told to the user of a later one."""
    before = cache.problems[:]
    cache.problems.clear()
    yield
    cache.problems[:] = before


def step_taken(x, h):
    return (x + h) - x


@pytest.mark.parametrize("decorator", [kernel, linear_kernel])
def test_the_order_of_operations_is_kept(decorator):
    # Reassociated, this would be h itself.
    compiled = decorator(step_taken)
    for h in (1e-4, 1e-7, 1e-17):
        assert compiled(1.0, h) == step_taken(1.0, h)


@compiled_only
def test_division_by_zero_is_no_exception():
    divided = kernel(lambda x, y: x / y)
    assert divided(1.0, 0.0) == np.inf
    assert np.isnan(divided(0.0, 0.0))


@compiled_only
@pytest.mark.parametrize("decorator", [kernel, linear_kernel, entry_kernel])
def test_kernels_let_other_threads_run_and_only_products_may_be_fused(decorator):
    options = decorator(step_taken).targetoptions
    assert options["nogil"] is True
    fused = {"contract"} if decorator is linear_kernel else False
    assert options.get("fastmath", False) == fused


@compiled_only
def test_an_entry_is_cached_in_our_folder_only(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "elsewhere")
    entry = entry_kernel(step_taken)
    assert numba.config.CACHE_DIR == "elsewhere"
    assert Path(entry.stats.cache_path).parent.parent == tmp_path
    assert entry(1.0, 0.5) == 0.5
    assert list(tmp_path.rglob("*.nbc"))


@compiled_only
def test_the_setting_is_put_back_where_decorating_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(numba.config, "CACHE_DIR", "elsewhere")
    with pytest.raises(TypeError):
        entry_kernel("no function")
    assert numba.config.CACHE_DIR == "elsewhere"


@compiled_only
def test_an_entry_without_a_folder_is_not_cached(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path / "file"))
    entry = entry_kernel(step_taken)
    assert entry(1.0, 0.5) == 0.5
    assert entry.stats.cache_path is None


@compiled_only
def test_a_disk_that_fills_up_does_not_stop_the_kernel(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path / "caches"))
    entry = entry_kernel(step_taken)
    assert cache.cache_note() is None
    monkeypatch.setattr(os, "replace", _full)  # the last step of writing a file
    assert entry(1.0, 0.5) == 0.5
    note = cache.cache_note()
    assert note.endswith("the cache folder could not be written (No space left on device)")


def _full(*_):
    raise OSError(28, "No space left on device")


@compiled_only
def test_files_that_cannot_be_read_do_not_stop_the_kernel(monkeypatch, tmp_path):
    monkeypatch.setenv("FASTCHECK_CACHE_DIR", str(tmp_path / "caches"))
    assert entry_kernel(step_taken)(1.0, 0.5) == 0.5
    entry = entry_kernel(step_taken)
    # Root may read any file, but nobody a file where the folder was.
    shutil.rmtree(tmp_path / "caches")
    (tmp_path / "caches").touch()
    assert entry(1.0, 0.5) == 0.5
    assert "the cache folder could not be read" in cache.cache_note()


@compiled_only
def test_the_kernels_mean_the_same_as_plain_python():
    """These tests once more without compilation, where a place out of bounds is an error.

    Outside a function's domain Python's ``math`` raises, where the compiled one gives nan.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-k", "not outside_the_domain and not any_broadcast and not any_index"),
            *(str(HERE / f"test_{family}.py") for family in FAMILIES),
        ],
        cwd=HERE.parents[1],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


FAMILIES = ("arithmetic", "broadcast", "linear", "piecewise", "reductions", "smooth", "structure")
