"""The verdict on every element of a parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import ParameterDifferences
from fastcheck.verdict.allowance import exact_share, residue, rounding, share

# In the order of the codes stored per element.
VERDICTS = ("pass", "kink", "approximate", "fail", "inconclusive")
CODES = {name: code for code, name in enumerate(VERDICTS)}
PASS, KINK, APPROXIMATE, FAIL, INCONCLUSIVE = CODES.values()

# Where the allowance exceeds this share of the largest |g|, agreement within it says nothing.
MEANINGLESS = 0.1
# ... unless it is below this share of the model's largest gradient: a parameter without effect,
# such as a bias before batch normalisation, has rounding for a gradient, and that is right. 16 u /
# 2**-20 times a loss of size 1 is 1.9e-9.
NEGLIGIBLE = 1e-6

# Beyond the allowance, yet within this share of the largest |g|: an epsilon that the backward
# leaves out, where at least this part of the elements is so. A wrong weight stands alone.
APPROXIMATION = 1e-5
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


def judge(
    analytic: NDArray[Any],
    numerical: ParameterDifferences,
    *,
    loss: float,
    unit_roundoff: float,
    scale: float = 0.0,
    order: int = 2,
    dtype: np.dtype[Any] | None = None,
) -> ParameterVerdict:
    """Judge every element of a parameter.

    In this order: *fail* where the backprop is not finite; *inconclusive* where the numerical
    gradient is not; *pass* where the two are equal or within the allowance, but *inconclusive*
    where that exceeds MEANINGLESS of the largest |g| and is not negligible beside `scale`; *kink*
    where a switch was crossed and the backprop lies between the one-sided slopes, widened by their
    allowance; *approximate* where it is off by no more than APPROXIMATION of the largest |g|, and
    SYSTEMATIC; *inconclusive* where a switch was crossed, since several kinks may coincide and the
    slopes of one side each are then not all there are; else *fail*.

    Parameters
    ----------
    analytic
        The backprop's gradient.
    numerical
        The engine's, of the same shape.
    loss, unit_roundoff
        The loss and the rounding of its arithmetic; 0 where the difference itself was computed.
    scale
        The largest |g| of all parameters: what an allowance may be small beside.
    order
        Of the scheme: truncation goes with this power of the step.
    dtype
        In which the model rounds; by default that of its gradient.
    """
    dtype = analytic.dtype if dtype is None else dtype
    g = numerical.central
    a = np.asarray(analytic, dtype=np.float64)
    finite = np.isfinite(g)
    largest = float(np.max(np.abs(g), where=finite, initial=0.0))
    noise = rounding(loss, unit_roundoff, numerical.step)
    if unit_roundoff == 0.0:
        slack = exact_share(dtype, largest, numerical.step, order)
    else:
        slack = np.full(g.shape, share(dtype, largest))
    leftover = residue(dtype, scale)
    without_effect = largest <= leftover
    if without_effect:
        slack += leftover
    bound = slack + noise
    with np.errstate(invalid="ignore"):
        equal = a == g
        error = np.abs(a - g)
        within = equal | (error <= bound)
        low = np.minimum(numerical.left, numerical.right) - slack - 2 * noise
        high = np.maximum(numerical.left, numerical.right) + slack + 2 * noise
        between = numerical.switched & (low <= a) & (a <= high)
        off = np.where(numerical.switched, np.maximum(low - a, a - high), error)
        close = ~within & ~between & (off <= APPROXIMATION * largest)
    meaningless = ~equal & (bound > MEANINGLESS * largest) & (bound > NEGLIGIBLE * scale)
    if without_effect:
        meaningless &= noise > NEGLIGIBLE * scale
    codes = np.full(g.shape, FAIL, np.uint8)
    codes[numerical.switched] = INCONCLUSIVE
    if _systematic(close, (np.abs(g) > bound) & ~between):
        codes[close] = APPROXIMATE
    codes[between] = KINK
    codes[within] = PASS
    codes[(within | between) & meaningless] = INCONCLUSIVE
    codes[~finite | ~np.isfinite(bound)] = INCONCLUSIVE
    codes[~np.isfinite(a)] = FAIL
    return ParameterVerdict(bound, codes)


def _systematic(close: NDArray[np.bool_], visible: NDArray[np.bool_]) -> bool:
    """Tell whether enough of the elements that can be told from zero are close, but not within."""
    return bool(close.any() and np.sum(close & visible) >= SYSTEMATIC * np.sum(visible))


def overall(verdicts: Iterable[str]) -> str:
    """Return the verdict on the whole: the worst of fail, inconclusive, approximate, else pass."""
    present = set(verdicts)
    for verdict in ("fail", "inconclusive", "approximate"):
        if verdict in present:
            return verdict
    return "pass"
