"""Kernels that are compiled on their own and kept on disk, for other kernels to call."""

from __future__ import annotations

import inspect

import numba

from fastcheck.engine.kernels.cross_entropy_moves import move_cross_entropies
from fastcheck.engine.kernels.element_moves import move_elements, move_extremes

SHARED = (move_elements, move_extremes, move_cross_entropies)

_FLOATS, _INTEGERS = numba.float64[::1], numba.int64[::1]

# The types of their arguments by name; every other is an int64.
TYPES = {
    **dict.fromkeys(("memory", "slots", "most", "rows", "bounds", "members"), _FLOATS),
    **dict.fromkeys(("instruction", "tables", "flags", "units"), _INTEGERS),
    "general": numba.boolean,
}


def build() -> None:
    """Compile them into the cache folder."""
    for function in SHARED:
        names = inspect.signature(function.py_func).parameters
        function.compile(tuple(TYPES.get(name, numba.int64) for name in names))
