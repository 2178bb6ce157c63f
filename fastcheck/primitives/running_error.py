"""What rounding does to the user's own forward, operation by operation.

Running error analysis (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section
3.3): beside every value goes a bound on its absolute error, relative to exact arithmetic on the
given parameters and constants. Every primitive has an *error rule* that makes the bound of its
result from those of its operands: what they bring with them, plus its own rounding.

A rule is called as ``error(operands, errors, result, u, **attributes)``: the operands' values and
the result in float64; one bound per operand, of the operand's shape, or the number 0.0 where the
operand is exact; the unit roundoff of the arithmetic that the user computed in; the operation's
attributes. It returns a bound of the result's shape, or 0.0 where the result is exact.

What a bound promises is that the error is at most ALLOWANCE = 2 times as large. This passes from
operands to results: where operands may be off by twice their bounds, a result is off by at most
twice its own. A rule that is not linear (a quotient, a logarithm, the side of a switch) has
therefore half of what twice the errors may do, the derivative taken at its largest; where nothing
can be said (a divisor that may be 0) it has inf. So bounds are of first order in u only: 1 + u
counts as 1. A rule may also leave a nan where its arithmetic met inf or nan;
`fastcheck.program.forward_error` settles that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bound = NDArray[np.float64] | float
Operands = Sequence[NDArray[np.float64]]

# How many times its bound an error may be.
ALLOWANCE = 2.0

# Relative errors of exp, expm1, log, log1p, tanh and pow, in units of u. The vector functions that
# NumPy uses (its own and Intel's SVML) are within 4 ulp, and an ulp is u to 2 u of the number: 8 u
# at worst; FUNCTION is that over ALLOWANCE. Measured over 10^7
# arguments (NumPy 2.4, AVX-512): 1.7 u in float64 (tanh), 4.5 u in float32 (log).
FUNCTION = 4.0

# The error of a sum of k products is at most k u of its terms' sizes, whatever their order (Higham
# 2002, eq. 3.13). For roundings that are independent of each other and 0 in the mean it is at most
# LIKELY sqrt(k) u, but for a probability of 2 exp(-LIKELY^2 / 2) = 7e-4 (Higham and Mary, "A new
# approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41 (2019), theorem 2.4).
# That counts every rounding as the largest possible; the mean square of one is a third of it at
# most, which makes LIKELY = 4 the excess of 4 sqrt(3) = 6.9 standard deviations: 4e-12.
LIKELY = 4.0

# Where one number is added to itself over and over, as over a batch of equal samples, the roundings
# are the same within a binade: u / 2 of the sum for each of its last k / 2 terms at worst, half of
# that for the k / 4 before them, and so on; relative to the sum that is at most k u / 3. Matrix
# products add up to BLOCK terms one by one (OpenBLAS, MKL and BLIS: 192 to 512), np.sum over the
# rows of a matrix all of them.
EQUAL = 1.0 / 3.0
BLOCK = 384.0

# The smallest positive number beside each unit roundoff: float16, float32, float64.
_SMALLEST = {2.0**-11: 2.0**-24, 2.0**-24: 2.0**-149, 2.0**-53: 2.0**-1074}


@cache
def unit_roundoff(dtype: np.dtype[Any]) -> float:
    """Return the unit roundoff of arithmetic in `dtype`; 0.0 for masks and whole numbers.

    Never less than that of float64, in which the values are known to us.
    """
    return max(float(np.finfo(dtype).eps) / 2, 2.0**-53) if dtype.kind == "f" else 0.0


def underflow(u: float) -> float:
    """Return how far a result may be rounded that is too small for all its digits.

    Half the smallest number would do, but float64 has no such number.
    """
    return _SMALLEST[u] if u else 0.0


def rounding(result: NDArray[np.float64], u: float, size: float = 1.0) -> NDArray[np.float64]:
    """Return the rounding of an operation that is good to `size` unit roundoffs."""
    return np.asarray((size * u) * np.abs(result) + size * underflow(u))


def likely(count: float, block: float = math.inf) -> float:
    """Return how many u a sum that is rounded so often is off by: never more than that number.

    Parameters
    ----------
    count
        The number of roundings.
    block
        How many terms are added one by one at most.
    """
    return min(count, max(LIKELY * math.sqrt(count), EQUAL * min(count, block)))


def is_exact(error: Bound) -> bool:
    """Return whether it is the number 0.0, which stands for an array of them."""
    return isinstance(error, float) and error == 0.0


def largest(error: Bound) -> float:
    """Return the largest bound in the array, nan where one is nan, 0.0 where there is none."""
    return float(np.max(error, initial=0.0))


def unknown_error(
    operands: Operands, errors: Sequence[Bound], result: NDArray[np.float64], u: float, **_: Any
) -> Bound:
    """Return inf everywhere: nothing is known of this primitive."""
    return np.full(result.shape, np.inf)
