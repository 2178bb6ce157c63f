"""Stale gradients: those of another batch. The model is asked for its gradient at others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.diagnose.case import Case, Suspect
from fastcheck.diagnose.fit import fits
from fastcheck.diagnose.hypothesis import Explanation
from fastcheck.diagnose.sweep import Part
from fastcheck.model import has_samples_in_columns


def stale(
    case: Case, penalties: Mapping[str, float], *, turned: bool = True
) -> Iterator[Explanation]:
    """Yield whether the gradient does not hang on the batch, or is right for other targets.

    Parameters
    ----------
    case
        What was found.
    penalties
        By parameter, the factor l2 with which the loss has it; see `parts.penalties`.
    turned
        Whether to ask for other targets.
    """
    if case.again is None or case.batch < 2:
        return
    found = _asked(case, lambda: _half(case))
    if found:
        same = tuple(
            name
            for name in case.wrong
            if _hangs_on_data(case.suspects[name], penalties.get(name, 0.0))
            and np.array_equal(found.get(name, np.nan), case.suspects[name].analytic)
        )
        if same:
            text = (
                "The gradient of {names} is the same, bit for bit, for half of the batch: it is "
                "that of an earlier batch. Look for a value that is kept from an earlier forward."
            )
            yield Explanation("stale", text, same)
    # If the backward turns the targets round, it is right where they are turned round before.
    for kind, text, targets in _turned(case) if turned else ():
        found = _asked(case, partial(_with_targets, case, targets))
        if not all(name in found for name in case.wrong):
            continue
        parts = {
            name: Part(suspect.analytic - np.asarray(found[name], np.float64), suspect.bound)
            for name, suspect in case.suspects.items()
            if name in found and np.shape(found[name]) == suspect.value.shape
        }
        if fits(case, case.wrong, parts):
            yield Explanation(kind, text, case.wrong)


def _half(case: Case) -> tuple[Any, Any]:
    """Return the first half of the batch; samples are rows, or columns where the targets say so."""
    half = case.batch // 2
    if has_samples_in_columns(case.x, case.t):
        return case.x[:, :half], case.t[..., :half]
    return case.x[:half], None if case.t is None else case.t[:half]


def _hangs_on_data(suspect: Suspect, l2: float) -> bool:
    """Tell whether a gradient is more than that of the penalty, which is the same for any batch."""
    return bool(np.any(np.abs(suspect.analytic - l2 * suspect.value) > suspect.bound))


def _turned(case: Case) -> Iterator[tuple[str, str, Any]]:
    t = np.asarray(case.t)
    if t.ndim == 0 or len(t) != case.batch:
        return
    reverse = (
        "The gradient of {names} is right for the targets in reverse order: it is that of other "
        "targets than those of the loss. Look at the order of the samples in the backward."
    )
    yield "stale", reverse, t[::-1]
    shifted = (
        "The gradient of {names} takes each target for the class {by} it. Look whether labels "
        "begin at 0 or 1."
    )
    if t.ndim == 1 and t.dtype.kind in "iu" and case.classes:
        for by in (1, -1):
            text = shifted.replace("{by}", "before" if by == 1 else "after")
            yield "loss", text, ((t.astype(np.int64) + by) % case.classes).astype(t.dtype)
    elif t.ndim == 2 and t.shape[1] > 1:
        for by in (1, -1):
            text = shifted.replace("{by}", "before" if by == 1 else "after")
            yield "loss", text, np.roll(t, by, axis=1)


def _with_targets(case: Case, targets: Any) -> tuple[Any, Any]:
    return case.x, targets


def _asked(case: Case, batch: Callable[[], tuple[Any, Any]]) -> Mapping[str, NDArray[Any]]:
    """Return the model's gradient at another batch, nothing where it does not take that.

    The batch is made here, since `x` and `t` may be anything.
    """
    assert case.again is not None
    try:
        found: Any = case.again(*batch())
    except Exception:  # noqa: BLE001 - whatever the user's code raises
        return {}
    if not isinstance(found, Mapping):
        return {}
    return {name: array for name, array in found.items() if np.asarray(array).dtype.kind in "fiu"}
