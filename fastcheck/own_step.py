"""Where a step of the user's own decides nothing: the same parameters again at the engine's own.

A large step of differences that are propagated runs across switches and truncates, and correct code
would fail; at the engine's own step it does neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient
from fastcheck.verdict import KINK, PASS, Bounds, judge


def at_own_step(
    result: NumericalGradient,
    finer: Callable[[list[str]], NumericalGradient],
    analytic: Mapping[str, NDArray[Any]],
    bounds: Mapping[str, Bounds],
    *,
    scale: float,
) -> tuple[NumericalGradient, tuple[str, ...]]:
    """Return the result with other differences where those with the user's step decide nothing.

    That is for parameters in which the step crosses a switch, and for those that do not pass: it
    may truncate too much. They are replaced as a whole, since what truncation allows goes with a
    parameter's largest gradient.

    Parameters
    ----------
    result
        Differences that were propagated.
    finer
        Called, if need be, for such differences of some parameters at the engine's own step.
    analytic, bounds, scale
        As for `judge`, by parameter.

    Returns
    -------
    NumericalGradient, tuple of str
        The result, and a note on what was done.
    """
    names = []
    for name, item in result.parameters.items():
        verdict = judge(analytic[name], item, result, scale=scale, bounds=bounds[name], strict=True)
        if np.any(item.crossed) or not np.all(np.isin(verdict.codes, (PASS, KINK))):
            names.append(name)
    if not names:
        return result, ()
    again = finer(names)
    note = (
        f"{', '.join(names)}: looked at again with the engine's own step, since step "
        f"{result.step:.3g} crosses switches there, or disagrees"
    )
    seconds, setup = result.seconds + again.seconds, result.setup_seconds + again.setup_seconds
    parameters = {**result.parameters, **again.parameters}
    return replace(result, parameters=parameters, seconds=seconds, setup_seconds=setup), (note,)
