"""A program's values at its base point with their bounds, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.running_error import Bound
from fastcheck.program.forward_error import forward_errors
from fastcheck.program.program import Program
from fastcheck.program.values import values_at


class BaseValues(NamedTuple):
    """Every value by its number, float64, and how far rounding may have taken the user's own."""

    arrays: Mapping[int, NDArray[np.float64]]
    errors: Mapping[int, Bound]


_kept: WeakKeyDictionary[Program, BaseValues] = WeakKeyDictionary()


def base_values(program: Program) -> BaseValues:
    """Return the values and their bounds; kept as long as the program lives."""
    values = _kept.get(program)
    if values is None:
        arrays = values_at(program, program.base)
        values = _kept[program] = BaseValues(arrays, forward_errors(program, arrays))
    return values
