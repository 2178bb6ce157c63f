"""All values of a program at some parameters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastcheck.program.program import Program


def values_at(
    program: Program, parameters: Mapping[str, NDArray[np.floating]]
) -> dict[int, NDArray[np.float64]]:
    """Return every value by its number, computed in NumPy in float64.

    Parameters
    ----------
    program
        The recorded loss.
    parameters
        One array per parameter of the program, of the recorded shape.
    """
    arrays: dict[int, NDArray[np.float64]] = dict(program.constants)
    for name, number in program.parameters.items():
        arrays[number] = np.asarray(parameters[name], dtype=np.float64)
    with np.errstate(all="ignore"):
        for operation in program.operations:
            inputs = (arrays[number] for number in operation.inputs)
            result = operation.primitive.evaluate(*inputs, **operation.attributes)
            arrays[operation.output] = np.asarray(result, dtype=np.float64)
    return arrays
