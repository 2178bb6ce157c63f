"""The program's meaning in NumPy: the reference for every kernel, and the proof of a recording."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastcheck.program.program import Program
from fastcheck.program.values import values_at


def evaluate(program: Program, parameters: Mapping[str, NDArray[np.floating]]) -> float:
    """Return the loss at other parameter values, computed in float64.

    Parameters
    ----------
    program
        The recorded loss.
    parameters
        One array per parameter of the program, of the recorded shape.

    Returns
    -------
    float
        The loss; inf or nan where the arithmetic gives that, without a warning.
    """
    return float(values_at(program, parameters)[program.output])
