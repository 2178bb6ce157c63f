"""The names of the verdicts, and what is common to all ways of judging."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# In the order of the codes stored per element.
VERDICTS = ("pass", "kink", "approximate", "fail", "inconclusive")
CODES = {name: code for code, name in enumerate(VERDICTS)}
PASS, KINK, APPROXIMATE, FAIL, INCONCLUSIVE = CODES.values()

# Beyond the bound, yet within this share of what the gradient could be: an epsilon that the
# backward leaves out, where at least SYSTEMATIC of the elements is so. A wrong weight stands alone.
# 1e-7 in the logarithm of a probability of 0.1 is 1e-6 of the gradient.
APPROXIMATION = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 1e-3}
SYSTEMATIC = 0.25


@dataclass(frozen=True, slots=True)
class ParameterVerdict:
    """The verdicts on one parameter.

    Attributes
    ----------
    bound
        float64, the parameter's shape: how far a correct backprop may lie from the numerical
        gradient.
    codes
        uint8, the parameter's shape: positions in VERDICTS.
    """

    bound: NDArray[np.float64]
    codes: NDArray[np.uint8]


def approximation(dtype: np.dtype[Any]) -> float:
    """Return the share for `rtol`, by the backprop's dtype."""
    return APPROXIMATION.get(dtype, APPROXIMATION[np.dtype(np.float64)])


def is_systematic(close: NDArray[np.bool_], visible: NDArray[np.bool_]) -> bool:
    """Tell whether enough of the elements that can be told from zero are close, but not within."""
    return bool(close.any() and np.sum(close & visible) >= SYSTEMATIC * np.sum(visible))


def overall(verdicts: Iterable[str]) -> str:
    """Return the verdict on the whole: the worst of fail, inconclusive, approximate, else pass."""
    present = set(verdicts)
    for verdict in ("fail", "inconclusive", "approximate"):
        if verdict in present:
            return verdict
    return "pass"
