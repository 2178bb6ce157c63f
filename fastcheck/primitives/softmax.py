"""The softmax of rows of scores, to a few ulp."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.rounding import sum_errors


@np.errstate(all="ignore")
def softmax(z: NDArray[Any]) -> NDArray[np.float64]:
    """Return p of every row, each to a few ulp: what z - max z was rounded by is put back."""
    best = np.max(z, axis=1, keepdims=True, initial=-np.inf)
    shifted = z - best
    powers = np.exp(shifted) * (1.0 + sum_errors(-best, z, shifted))
    return np.asarray(powers / np.sum(powers, axis=1, keepdims=True))
