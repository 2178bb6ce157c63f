"""Kernels that are compiled on their own and kept on disk, for other kernels to call."""

from __future__ import annotations

import inspect

import numba

from fastcheck.engine.kernels.arguments import Buffers, Route
from fastcheck.engine.kernels.cross_entropy_moves import move_cross_entropies
from fastcheck.engine.kernels.element_moves import move_elements, move_extremes

SHARED = (move_elements, move_extremes, move_cross_entropies)

_FLOATS, _INTEGERS, _TABLE = numba.float64[::1], numba.int64[::1], numba.int64[:, ::1]

_ROUTE = {
    **dict.fromkeys(Route._fields, _INTEGERS),
    **dict.fromkeys(("instructions", "sources", "entries"), _TABLE),
    **dict.fromkeys(("memory", "most"), _FLOATS),
    **dict.fromkeys(("samples", "loss_row"), numba.int64),
}
_BUFFERS = {
    **dict.fromkeys(Buffers._fields, _FLOATS),
    **dict.fromkeys(("flags", "moving", "every", "units", "panels"), _INTEGERS),
}

# The types of the arguments by name; every other is an int64.
TYPES = {
    "instruction": _INTEGERS,
    "route": numba.types.NamedTuple(tuple(_ROUTE.values()), Route),
    "buffers": numba.types.NamedTuple(tuple(_BUFFERS.values()), Buffers),
    "units": _INTEGERS,
    "panels": _INTEGERS,
    "general": numba.boolean,
}


def build() -> None:
    """Compile them into the cache folder."""
    for function in SHARED:
        names = inspect.signature(function.py_func).parameters
        function.compile(tuple(TYPES.get(name, numba.int64) for name in names))
