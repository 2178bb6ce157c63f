"""Check a hand-written backward pass against a numerical gradient, for every weight at once.

``gradcheck(model, x, t)`` compares and reports; ``assert_gradcheck`` raises unless it passed;
``numerical_gradient`` returns the numbers; ``record`` shows what was differenced. The networks to
try them on are in ``fastcheck.nn``, the digits in ``fastcheck.data``, mistakes to be planted in
``fastcheck.planted``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fastcheck.version import __version__

if TYPE_CHECKING:
    from fastcheck import data, nn, planted
    from fastcheck.api import assert_gradcheck, gradcheck, numerical_gradient
    from fastcheck.errors import CannotRecord, FastcheckError, GradientMismatch
    from fastcheck.program import Program
    from fastcheck.recording import record
    from fastcheck.report import Report

__all__ = [
    "CannotRecord",
    "FastcheckError",
    "GradientMismatch",
    "Program",
    "Report",
    "__version__",
    "assert_gradcheck",
    "data",
    "gradcheck",
    "nn",
    "numerical_gradient",
    "planted",
    "record",
]

# Importing fastcheck loads none of these: Numba alone takes longer than many a script.
_HOMES = {
    "CannotRecord": "fastcheck.errors",
    "FastcheckError": "fastcheck.errors",
    "GradientMismatch": "fastcheck.errors",
    "Program": "fastcheck.program",
    "Report": "fastcheck.report",
    "assert_gradcheck": "fastcheck.api",
    "gradcheck": "fastcheck.api",
    "numerical_gradient": "fastcheck.api",
    "record": "fastcheck.recording.recorder",
}


def __getattr__(name: str) -> Any:
    if name in ("data", "nn", "planted"):
        return importlib.import_module(f"fastcheck.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'fastcheck' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
