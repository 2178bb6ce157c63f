"""Whether a predicted wrong gradient is the one that was found, within its bound."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fastcheck.diagnose.case import Case, Suspect

Array = NDArray[np.float64]

# Bounds are of first order: an error is at most twice as large (`primitives.running_error`).
SLACK = 2.0
# By how many bounds at least one failed element must be off, or the prediction says nothing.
DECISIVE = 4.0
# Roundings of the wrong gradient itself, in units of u of its size.
_ROUNDINGS = 4.0


class Predicted(Protocol):
    """How far a parameter's gradient is moved by a mistake, and a bound on that."""

    @property
    def value(self) -> Array:
        """The move."""

    @property
    def error(self) -> Array:
        """The bound on its error."""


def tolerance(suspect: Suspect, part: Predicted, unit_roundoff: float) -> Array:
    """Return how far the backprop's gradient may lie from the predicted one."""
    rounding = _ROUNDINGS * unit_roundoff * np.abs(suspect.analytic)
    return suspect.bound + SLACK * part.error + rounding


def agrees(suspect: Suspect, part: Predicted, unit_roundoff: float) -> bool:
    """Tell whether every element of the gradient is what is predicted."""
    with np.errstate(invalid="ignore"):
        off = np.abs(suspect.residual - part.value)
        return bool(np.all(off <= tolerance(suspect, part, unit_roundoff)))


def decides(suspect: Suspect, part: Predicted, unit_roundoff: float) -> bool:
    """Tell whether the prediction is good enough to tell some failed element from a right one."""
    size = np.abs(suspect.residual)
    limit = DECISIVE * tolerance(suspect, part, unit_roundoff)
    return bool(np.any(suspect.failed & (size > limit)))


def fits(case: Case, names: Collection[str], predicted: Mapping[str, Predicted]) -> bool:
    """Tell whether a prediction explains these parameters and leaves right ones right.

    Parameters
    ----------
    case
        What was found.
    names
        The parameters to be explained; others that failed are not looked at.
    predicted
        By parameter; one that is not named is predicted to be right.
    """
    u = case.unit_roundoff
    decided = False
    for name, suspect in case.suspects.items():
        part = predicted.get(name)
        if name in names:
            if part is None or not agrees(suspect, part, u):
                return False
            # A parameter whose elements all lie at kinks decides nothing by itself.
            decided = decided or decides(suspect, part, u)
        elif part is not None and not suspect.wrong and not agrees(suspect, part, u):
            return False
    return decided
