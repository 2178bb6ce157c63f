import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from fastcheck.primitives.jit import entry_kernel, kernel, linear_kernel

HERE = Path(__file__).parent

compiled_only = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="compiled kernels, where Numba compiles"
)


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
def test_the_kernels_mean_the_same_as_plain_python():
    """These tests once more without compilation, where a place out of bounds is an error.

    Outside a function's domain Python's ``math`` raises, where the compiled one gives nan.
    """
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-k", "not outside_the_domain and not any and not cache"),
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
