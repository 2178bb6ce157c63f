"""How far a correct backprop may lie from a numerical gradient.

Added: what the engine's rounding does; a share of the parameter's largest gradient for truncation
and for the backprop's own rounding; and for a parameter without effect, what its rounding leaves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ByDtype = dict[np.dtype[Any], float]

# A loss is computed with a relative error of a few unit roundoffs u; two of them are subtracted and
# divided by 2h. 16 u |L| / h leaves room for losses summed over long batches.
ROUNDING_FACTOR = 16.0

# Truncation is h**2 / 6 times the third derivative: 1e-13 at h = 2**-20, 2e-9 at 1e-4. Backprop in
# float64 rounds at 1e-15 of its largest terms. The rest is room for cancellation within the
# gradient; in float32 the same rounding is 5e8 times larger.
SHARE: ByDtype = {np.dtype(np.float64): 1e-5, np.dtype(np.float32): 1e-3}

# Truncation of a propagated difference is h**order times a higher derivative over a few; the steps
# are tiny, and this is the room for derivatives larger than S, what the gradient would be if
# nothing cancelled. At the engine's own step, 2**-60, a one-sided difference has 2**-49 of S.
BEND = 2.0**11

# The largest tiny step; from there on it is the user's wish to truncate. The share of the largest
# gradient is added as for the other engines, and ``h**order`` of it.
TINY_STEP = 2.0**-40

# Where the allowance exceeds this share of the largest |g|, agreement within it says nothing.
MEANINGLESS = 0.1

# Of a parameter without effect, such as a bias before batch normalisation, the backprop is what is
# left of terms as large as other parameters' gradients: a few u of them, and more for sums over
# long batches and where the forward cancels too. With a bias of 10 before the normalisation 640 u
# were seen.
RESIDUE_FACTOR = 2.0**12
_UNIT_ROUNDOFF: ByDtype = {np.dtype(np.float64): 2.0**-53, np.dtype(np.float32): 2.0**-24}


def rounding(loss: float, unit_roundoff: float, step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rounding of a central difference, 16 u |L| / h; a one-sided one has twice that."""
    return ROUNDING_FACTOR * unit_roundoff * abs(loss) / step


def share(dtype: np.dtype[Any], largest: float) -> float:
    """Return the part that goes with the largest |g| of the parameter, by the backprop's dtype."""
    return _of(SHARE, dtype) * largest


def truncation(
    step: NDArray[np.float64],
    order: int,
    size: NDArray[np.float64],
    largest: float,
    dtype: np.dtype[Any],
) -> NDArray[np.float64]:
    """Return what the step leaves of higher derivatives in a propagated difference.

    Parameters
    ----------
    step
        The h of each element.
    order
        Of the scheme: truncation goes with this power of the step.
    size, largest
        S of each element, and the largest |g| of the parameter.
    dtype
        The backprop's.
    """
    power = step**order
    coarse = share(dtype, largest) + power * largest
    return np.where(step <= TINY_STEP, BEND * power * size, coarse)


def residue(dtype: np.dtype[Any], scale: float) -> float:
    """Return the most that rounding leaves of no gradient, beside a model's largest, `scale`."""
    return RESIDUE_FACTOR * _of(_UNIT_ROUNDOFF, dtype) * scale


def _of(table: ByDtype, dtype: np.dtype[Any]) -> float:
    return table.get(dtype, table[np.dtype(np.float64)])
