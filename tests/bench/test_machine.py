from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import pytest

from bench.machine import machine, machine_line


@pytest.mark.parametrize(
    ("peers", "words"),
    [
        ({"scipy": "1.15", "torch": "2.6"}, "SciPy 1.15, PyTorch 2.6, "),
        ({"scipy": None, "torch": "2.6"}, "PyTorch 2.6, "),
        ({"scipy": None, "torch": None}, ""),
    ],
)
def test_machine_line(peers, words):
    blas = {"name": "openblas", "version": "0.3", "architecture": None, "threads": 1}
    info = {"usable_cpus": 1, "python": "3.11", "numpy": "2.0", "numba": "0.60", "blas": [blas]}
    assert machine_line(info | peers) == (
        f"1 CPU, Python 3.11, NumPy 2.0, Numba 0.60, {words}OpenBLAS 0.3 (1 thread)"
    )


def test_a_peer_that_is_not_installed_has_no_version(monkeypatch):
    def version(package):
        if package == "torch":
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr("bench.machine.version", version)
    found = machine()
    assert found["torch"] is None
    assert found["scipy"] == "1.0"
