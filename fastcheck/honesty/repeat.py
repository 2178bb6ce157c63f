"""Loss and gradient called twice: random numbers, sums that go on, and what rounding explains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.honesty.evidence import Evidence
from fastcheck.verdict import Finding

# Below this share of the loss it is the order of a sum that changes, rather than a dropout.
_ROUNDING = 2.0**-40
# How exactly the second gradient is twice the first where calls add up.
_TWICE = 1e-6


def same(one: float, other: float) -> bool:
    """Tell whether two losses are equal, or both nan."""
    return one == other or (one != one and other != other)  # noqa: PLR0124 - only a nan differs


def random_loss(first: float, again: float, *, after_gradient: bool = False) -> Finding:
    """Return the finding that two calls of loss with the same data differ.

    Parameters
    ----------
    first, again
        The losses.
    after_gradient
        Whether the loss repeats itself, but not across a call of gradient.
    """
    distance = abs(again - first)
    relative = distance / max(abs(first), abs(again)) if distance else 0.0
    if after_gradient:
        remedy = "let gradient change nothing that loss reads, such as a running average"
    elif relative <= _ROUNDING:
        remedy = "add up in a fixed order, on one thread"
    else:
        remedy = "fix the seed of a dropout, and what is counted or averaged, inside loss"
    called = "after a call of gradient" if after_gradient else "called again"
    return Finding(
        None,
        f"loss={first!r}, {called} {again!r}, off by {distance:.2g} or {relative:.2g} of it, must "
        f"be the same to the last bit; {remedy}",
        kind="random loss",
        evidence={"first": first, "again": again, "absolute": distance, "relative": relative},
    )


def judged_repeat(
    evidence: Evidence, bounds: Mapping[str, NDArray[np.float64]]
) -> tuple[Finding, ...]:
    """Return what a second call of gradient gave otherwise.

    A note where all differences are within the bounds, else severe.

    Parameters
    ----------
    evidence
        As of `examined`.
    bounds
        float64 by parameter, of its shape: how far two correct gradients may lie apart. A
        parameter without one must repeat itself to the last bit.
    """
    return tuple(
        _judged(name, evidence.gradient[name], again, bounds.get(name))
        for name, again in evidence.repeat.items()
    )


def _judged(
    name: str, first: NDArray[Any], again: NDArray[Any], bound: NDArray[np.float64] | None
) -> Finding:
    a, b = first.astype(np.float64), again.astype(np.float64)
    with np.errstate(all="ignore"):
        error = np.abs(a - b)
        error[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0
        error[np.isnan(error)] = np.inf
        differs = error > 0.0
        beyond = error > (0.0 if bound is None else bound)
    severe = bool(beyond.any())
    count = int(np.count_nonzero(beyond if severe else differs))
    flat = int(np.argmax(np.where(beyond, error, -1.0) if severe else error))
    index = tuple(int(i) for i in np.unravel_index(flat, error.shape))
    largest = float(error[index])
    what = (
        f"gradient called twice gives other values in {count} of {error.size} elements, by at most "
        f"{largest:.2g} at {list(index)}: {float(a[index]):.9g}, then {float(b[index]):.9g}"
    )
    if not severe:
        rule = "within rounding; add up in a fixed order to have it repeat itself"
    elif np.allclose(b, 2 * a, rtol=_TWICE, atol=0.0):
        rule = "must repeat itself; each call adds to the last: set the gradients to zero first"
    else:
        rule = "must repeat itself; fix the seed of a dropout inside gradient"
    return Finding(
        name,
        f"{what}, {rule}",
        kind="random gradient",
        severe=severe,
        evidence={"elements": count, "total": error.size, "largest": largest},
    )
