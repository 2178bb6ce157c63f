from __future__ import annotations

import os
import subprocess

import numpy as np
import pytest

from bench.process import python


def test_a_process_is_measured_by_itself():
    big = np.ones(40_000_000)  # 320 MB here must not count there
    small = python(["-c", "print('hello')"])
    assert small.output == "hello\n"
    assert 0 < small.peak_memory < 100e6 < big.nbytes
    assert small.seconds > 0
    assert small.processor_seconds > 0


def test_memory_that_was_freed_counts():
    assert python(["-c", "del [b'x' * 100_000_000][:]"]).peak_memory > 100e6


def test_environment_of_a_process(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    names = ["FASTCHECK_CACHE_DIR", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE"]
    code = f"import os; print([os.environ.get(name) for name in {names}])"
    assert python(["-c", code], cache=tmp_path).output == f"{[os.fspath(tmp_path), '1', None]}\n"


def test_a_failed_process_is_no_measurement(capfd):
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        python(["-c", "raise SystemExit(3)"])
