"""How far a correct backprop may lie from a difference of losses.

Two parts, added: what the scheme's rounding does, and a share of the parameter's largest gradient
for truncation and for the backprop's own rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# A loss is computed with a relative error of a few unit roundoffs u; two of them are subtracted and
# divided by 2h. 16 u |L| / h leaves room for losses summed over long batches.
ROUNDING_FACTOR = 16.0

# Truncation is h**2 / 6 times the third derivative: 1e-13 at h = 2**-20, 2e-9 at 1e-4. Backprop in
# float64 rounds at 1e-15 of its largest terms. The rest is room for cancellation within the
# gradient; in float32 the same rounding is 5e8 times larger.
SHARE = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 1e-3}


def rounding(loss: float, unit_roundoff: float, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rounding of a central difference, 16 u |L| / h; a one-sided one has twice that."""
    return ROUNDING_FACTOR * unit_roundoff * abs(loss) / step


def share(dtype: np.dtype[Any], largest: float) -> float:
    """Return the part that goes with the largest |g| of the parameter, by the backprop's dtype."""
    return SHARE.get(dtype, SHARE[np.dtype(np.float64)]) * largest
