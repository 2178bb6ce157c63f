"""Where the reference engine and the backprop disagree: the same elements again with smaller steps.

At the classic step of 1e-4 a central difference steps across kinks that the engine cannot see, and
correct code would fail. A smaller step crosses fewer; a wrong gradient stays wrong at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.reference import differences_at
from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.verdict import FAIL, KINK, PASS, judge
from fastcheck.verdict.allowance import rounding

# The reference step divided by these: 2.5e-6 keeps rounding at 1e-9 for losses of size 1, 1.6e-7 at
# 1e-8.
DIVISORS = (16.0, 256.0)

# Looked at first; where none of them changes its verdict, the gradient is wrong throughout and the
# rest of what may be tens of thousands of elements is not differentiated again.
_SAMPLE = 64


def second_look(
    model: Any,
    x: Any,
    t: Any,
    result: NumericalGradient,
    analytic: Mapping[str, NDArray[Any]],
    *,
    scale: float,
) -> NumericalGradient:
    """Return the result with failing elements replaced where a smaller step clears them.

    Parameters
    ----------
    model, x, t
        As for the reference engine, which does the work.
    result
        What it returned.
    analytic
        The backprop's gradients.
    scale
        The largest |g| of the model.
    """
    parameters = {
        name: _improved(
            partial(differences_at, model, x, t, name=name),
            result,
            result.parameters[name],
            analytic[name],
            scale,
        )
        for name in result.parameters
    }
    return replace(result, parameters=parameters)


def _improved(
    differences: Callable[..., ParameterDifferences],
    result: NumericalGradient,
    current: ParameterDifferences,
    analytic: NDArray[Any],
    scale: float,
) -> ParameterDifferences:
    before, step = current, result.step
    for divisor in DIVISORS:
        failing = np.argwhere(
            (judge(analytic, current, result, scale=scale).codes == FAIL) & np.isfinite(analytic)
        )
        rng = np.random.default_rng(0)
        rng.shuffle(failing)
        looked = before
        for some in (failing[:_SAMPLE], failing[_SAMPLE:]):
            indices = [tuple(int(i) for i in index) for index in some]
            if not indices:
                break
            # The step before was taken for the sample only where that was not cleared.
            missing = [index for index in indices if before.step[index] > 2 * step]
            if missing:
                before = _merged(before, differences(indices=missing, step=step), missing)
            again = differences(indices=indices, step=result.step / divisor)
            again = replace(again, switched=_is_kink(before, again, result))
            looked = _merged(looked, again, indices)
            verdict = judge(analytic, _merged(current, again, indices), result, scale=scale)
            # A mistake that is smaller than the rounding at this step only drowned in it.
            hidden = verdict.bound + rounding(result.loss, result.unit_roundoff, again.step)
            visible = hidden < np.abs(analytic - current.central)
            cleared = [
                index
                for index in indices
                if visible[index]
                and (verdict.codes[index] in (PASS, KINK) or again.switched[index])
            ]
            if not cleared:
                break
            current = _merged(current, again, cleared)
        before, step = looked, result.step / divisor
    return current


def _is_kink(
    coarse: ParameterDifferences, fine: ParameterDifferences, result: NumericalGradient
) -> NDArray[np.bool_]:
    """Tell where the one-sided slopes differ as much at the smaller step as at the larger one.

    The difference of the slopes of a smooth loss is h times its second derivative and shrinks with
    h; at a kink it stays.
    """
    before, after = np.abs(coarse.right - coarse.left), np.abs(fine.right - fine.left)
    noise = 4 * rounding(result.loss, result.unit_roundoff, fine.step)
    kink: NDArray[np.bool_] = after > before / 4 + noise
    return kink


def _merged(
    old: ParameterDifferences, new: ParameterDifferences, indices: list[tuple[int, ...]]
) -> ParameterDifferences:
    """Return `old` with the elements at `indices` taken from `new`."""
    chosen = np.zeros(old.central.shape, np.bool_)
    chosen[tuple(np.array(indices).T)] = True
    return ParameterDifferences(
        *(
            np.where(chosen, getattr(new, field.name), getattr(old, field.name))
            for field in fields(ParameterDifferences)
        )
    )
