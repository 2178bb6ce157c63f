"""The step of a central difference: the defaults and the rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import InvalidArgument, check_positive

# The classic exercise's step.
REFERENCE_STEP = 1e-4

# The full engine's step. A power of two: w + h is exact for |w| <= 2**32 h. Small, so that few
# elements cross a kink: crossing is as likely as h is large, and rounding over the step, 2**-53 |L|
# / h, stays 1e-10 for losses of size 1. Truncation, h**2 / 6 times the third derivative, is 1.5e-13
# of it.
FULL_STEP = 2.0**-20

# The incremental engine's step. It never forms w + h, so nothing is lost by a tiny one: a
# difference may grow 2**33-fold on its way to a nonlinearity before it leaves the reach of the
# series there (2**-27 of the length scale), and truncation, the square of that, is below 2**-54.
# Where one leaves it or crosses a kink, the step is divided by 2**60.
INCREMENTAL_STEP = 2.0**-60

# The smallest that the user may choose for it: what a gradient of 1e-37 makes of it is still a
# normal number.
SMALLEST_STEP = 2.0**-900


def checked_step(
    step: float | None, default: float, parameters: Mapping[str, NDArray[Any]]
) -> float:
    """Return the option ``step``, or the engine's default.

    Raises
    ------
    InvalidArgument
        If it is not positive and finite, or so small that w + h == w for some element.
    InvalidType
        If it is no real number.
    """
    remedy = "leave it out to let fastcheck choose"
    chosen = default if step is None else check_positive("step", step, remedy=remedy)
    for name, array in parameters.items():
        h = array.dtype.type(chosen)
        lost = (array + h == array) | (array - h == array)
        if lost.any():
            index = np.argwhere(lost)[0].tolist()
            # Formatted, not repr'd: NumPy 2 would say np.float64(...).
            raise InvalidArgument(
                f"step={chosen!r} is lost beside {name}{index or ''}={array[tuple(index)]}, "
                "where w + h == w; take a larger step"
            )
    return chosen
