"""The reference engine: the classic loop over every element, in Python, on any object with ``loss``.

It is the oracle of the tests, the baseline of the benchmark, and what is left for code that cannot be
recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.engine.steps import REFERENCE_STEP, checked_step
from fastcheck.engine.workers import Progress
from fastcheck.locking import user_code
from fastcheck.model import parameters_of, plain_loss, restored


def reference_gradient(
    model: Any,
    x: Any,
    t: Any,
    *,
    names: Sequence[str],
    step: float | None = None,
    progress: Progress | None = None,
) -> NumericalGradient:
    """Return central differences of ``model.loss``, one element after the other.

    For every element of every parameter: the loss at w + h and at w - h, the value put back, and
    (L(w + h) - L(w - h)) / 2h, where 2h is the difference of the two numbers really stored.

    Parameters
    ----------
    model
        Any object with ``params`` and ``loss(x, t)``; perturbed in place, restored bit for bit.
    x, t
        Passed to ``loss``.
    names
        The parameters to perturb.
    step
        h; by default REFERENCE_STEP.
    progress
        Called with (elements done, elements in all).

    Raises
    ------
    InvalidArgument
        If `step` is not positive, or lost beside a parameter.
    """
    began = perf_counter()
    with user_code():
        every = parameters_of(model)
        arrays = {name: every[name] for name in names}
        chosen = checked_step(step, REFERENCE_STEP, arrays)
        loss = plain_loss(model, x, t)
        total = sum(array.size for array in arrays.values())
        counter = _Counter(progress, total)
        with restored(every):
            parameters = {
                name: _one(model, x, t, loss, array, np.ndindex(array.shape), chosen, counter)
                for name, array in arrays.items()
            }
    return NumericalGradient(
        parameters=parameters,
        engine="reference",
        loss=loss,
        unit_roundoff=unit_roundoff(every),
        sees_switches=False,
        step=chosen,
        threads=1,
        seconds=perf_counter() - began,
    )


def differences_at(
    model: Any, x: Any, t: Any, *, name: str, indices: Iterable[tuple[int, ...]], step: float
) -> ParameterDifferences:
    """Return the reference engine's differences of some elements of one parameter, nan elsewhere."""
    with user_code():
        every = parameters_of(model)
        loss = plain_loss(model, x, t)
        with restored(every):
            return _one(model, x, t, loss, every[name], indices, step, _Counter(None, 0))


def unit_roundoff(parameters: Mapping[str, NDArray[Any]]) -> float:
    """Return the unit roundoff of the narrowest parameter's dtype."""
    return max(float(np.finfo(array.dtype).eps) / 2 for array in parameters.values())


class _Counter:
    """Tells `progress` how many elements are done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


def _one(
    model: Any,
    x: Any,
    t: Any,
    loss: float,
    array: NDArray[Any],
    indices: Iterable[tuple[int, ...]],
    step: float,
    counter: _Counter,
) -> ParameterDifferences:
    central, left, right = (np.full(array.shape, np.nan) for _ in range(3))
    for index in indices:
        saved = array[index]
        array[index] = saved + array.dtype.type(step)
        high, loss_high = float(array[index]), plain_loss(model, x, t)
        array[index] = saved - array.dtype.type(step)
        low, loss_low = float(array[index]), plain_loss(model, x, t)
        array[index] = saved
        middle = float(saved)
        central[index] = (loss_high - loss_low) / (high - low)
        left[index] = (loss - loss_low) / (middle - low)
        right[index] = (loss_high - loss) / (high - middle)
        counter()
    return ParameterDifferences(
        central=central,
        left=left,
        right=right,
        step=np.full(array.shape, step),
        switched=np.zeros(array.shape, np.bool_),
    )
