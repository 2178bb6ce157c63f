"""The verdict on every element of a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import ParameterDifferences
from fastcheck.verdict.allowance import rounding, share

# In the order of the codes stored per element.
VERDICTS = ("pass", "kink", "approximate", "fail", "inconclusive")
CODES = {name: code for code, name in enumerate(VERDICTS)}
PASS, KINK, FAIL, INCONCLUSIVE = (CODES[name] for name in ("pass", "kink", "fail", "inconclusive"))

# Where the allowance exceeds this share of the largest |g|, agreement within it says nothing.
MEANINGLESS = 0.1


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


def judge(
    analytic: NDArray[Any],
    numerical: ParameterDifferences,
    *,
    loss: float,
    unit_roundoff: float,
    sees_switches: bool,
) -> ParameterVerdict:
    """Judge every element of a parameter.

    In this order: *fail* where the backprop is not finite; *inconclusive* where the numerical
    gradient is not; *pass* where the two are equal or within the allowance, but *inconclusive*
    where that exceeds MEANINGLESS of the largest |g|; *kink* where a switch was crossed and the
    backprop lies between the one-sided slopes, widened by their allowance; else *fail*. An engine
    that cannot see switches gets *kink* wherever the backprop lies between the one-sided slopes.

    Parameters
    ----------
    analytic
        The backprop's gradient.
    numerical
        The engine's, of the same shape.
    loss, unit_roundoff
        The loss and the rounding of its arithmetic.
    sees_switches
        Whether ``numerical.switched`` means anything.
    """
    g = numerical.central
    a = np.asarray(analytic, dtype=np.float64)
    finite = np.isfinite(g)
    largest = float(np.max(np.abs(g), where=finite, initial=0.0))
    slack = share(analytic.dtype, largest)
    noise = rounding(loss, unit_roundoff, numerical.step)
    bound = slack + noise
    with np.errstate(invalid="ignore"):
        equal = a == g
        within = equal | (np.abs(a - g) <= bound)
        low = np.minimum(numerical.left, numerical.right) - slack - 2 * noise
        high = np.maximum(numerical.left, numerical.right) + slack + 2 * noise
        between = (low <= a) & (a <= high)
    if sees_switches:
        between &= numerical.switched
    meaningless = ~equal & (bound > MEANINGLESS * largest)
    codes = np.full(g.shape, FAIL, np.uint8)
    codes[between] = KINK
    codes[within] = PASS
    codes[(within | between) & meaningless] = INCONCLUSIVE
    codes[~finite | ~np.isfinite(bound)] = INCONCLUSIVE
    codes[~np.isfinite(a)] = FAIL
    return ParameterVerdict(bound, codes)


def overall(verdicts: Iterable[str]) -> str:
    """Return the verdict on the whole: the worst of fail, inconclusive, approximate, else pass."""
    present = set(verdicts)
    for verdict in ("fail", "inconclusive", "approximate"):
        if verdict in present:
            return verdict
    return "pass"
