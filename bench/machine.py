"""What the timings depend on besides the code: processors, versions, BLAS."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np  # noqa: F401 - loads the BLAS that threadpoolctl then sees
from threadpoolctl import threadpool_info

from fastcheck.engine.workers import usable_threads


def machine() -> dict[str, Any]:
    """Return the usable processors, the versions and the loaded BLAS, as plain data.

    Called with BLAS pinned it says how many threads BLAS had in the timings.
    """
    every = [found for found in threadpool_info() if found["user_api"] == "blas"]
    # SciPy's wheels bring a second BLAS, which Numba loads; where NumPy's is not told by its path,
    # all are named.
    blas = [found for found in every if "numpy" in found["filepath"].lower()] or every
    return {
        "usable_cpus": usable_threads(None),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
        "llvmlite": version("llvmlite"),
        "scipy": _version_if_any("scipy"),
        "torch": _version_if_any("torch"),
        "blas": [
            {
                "name": found["internal_api"],
                "version": found["version"],
                "architecture": found.get("architecture"),
                "threads": found["num_threads"],
            }
            for found in blas
        ],
    }


def machine_line(info: dict[str, Any]) -> str:
    """Return what `machine` found, in one line."""
    cpus = info["usable_cpus"]
    return ", ".join(
        [
            f"{cpus} CPU{'s' if cpus != 1 else ''}",
            f"Python {info['python']}",
            f"NumPy {info['numpy']}",
            f"Numba {info['numba']}",
            *(
                f"{name} {info[key]}"
                for name, key in (("SciPy", "scipy"), ("PyTorch", "torch"))
                if info[key] is not None
            ),
            *(_blas_words(found) for found in info["blas"]),
        ]
    )


def _version_if_any(package: str) -> str | None:
    """Return the version of a peer, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _blas_words(found: dict[str, Any]) -> str:
    threads = found["threads"]
    name = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}.get(found["name"], found["name"])
    words = [name, found["version"], found["architecture"]]
    counted = f"({threads} thread{'s' if threads != 1 else ''})"
    return " ".join([*(word for word in words if word), counted])
