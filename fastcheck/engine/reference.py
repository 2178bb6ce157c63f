"""The reference engine: the classic Python loop over every element, on anything with ``loss``.

It is the oracle of the tests, the baseline of the benchmark, and what is left for code that cannot
be recorded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient, ParameterDifferences
from fastcheck.engine.steps import REFERENCE_STEP, checked_step
from fastcheck.engine.workers import Progress
from fastcheck.locking import user_code
from fastcheck.model import parameters_of, plain_loss, restored, steady_loss
from fastcheck.primitives.running_error import unit_roundoff


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
        loss = steady_loss(model, x, t, every)
        tell = _Counter(progress, sum(array.size for array in arrays.values()))
        with restored(every):
            parameters = {
                name: _differences(
                    partial(plain_loss, model, x, t),
                    loss,
                    array,
                    tell.counted(np.ndindex(array.shape)),
                    chosen,
                )
                for name, array in arrays.items()
            }
    # Of the narrowest parameter.
    roundoff = max(unit_roundoff(array.dtype) for array in every.values())
    return NumericalGradient(
        parameters=parameters,
        engine="reference",
        loss=loss,
        unit_roundoff=roundoff,
        forward_roundoff=roundoff,
        sees_switches=False,
        step=chosen,
        threads=1,
        seconds=perf_counter() - began,
    )


def differences_at(
    model: Any, x: Any, t: Any, *, name: str, indices: Iterable[tuple[int, ...]], step: float
) -> ParameterDifferences:
    """Return the differences of some elements of one parameter.

    They are nan elsewhere, and where `step` is lost beside an element.
    """
    with user_code():
        every = parameters_of(model)
        loss = plain_loss(model, x, t)
        with restored(every):
            evaluate = partial(plain_loss, model, x, t)
            return _differences(evaluate, loss, every[name], indices, step)


def loss_with(
    batch: tuple[Any, Any, Any], name: str, element: int, step: float
) -> tuple[float, float]:
    """Return the loss with one element, counted flat, moved; and the step really taken.

    `batch` is the model, `x` and `t`.
    """
    model, x, t = batch
    with user_code():
        # Recording has seen that the model keeps the rules.
        array = model.params[name]
        with restored({name: array}), np.errstate(all="ignore"):
            index = np.unravel_index(element, array.shape)
            saved = float(array[index])
            array[index] += array.dtype.type(step)
            return plain_loss(model, x, t), float(array[index]) - saved


class _Counter:
    """Tells `progress` how many elements are done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def counted(self, indices: Iterable[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
        for index in indices:
            yield index
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total)


def _differences(
    evaluate: Callable[[], float],
    loss: float,
    array: NDArray[Any],
    indices: Iterable[tuple[int, ...]],
    step: float,
) -> ParameterDifferences:
    central, left, right = (np.full(array.shape, np.nan) for _ in range(3))
    for index in indices:
        saved = array[index]
        array[index] = saved + array.dtype.type(step)
        high, loss_high = float(array[index]), evaluate()
        array[index] = saved - array.dtype.type(step)
        low, loss_low = float(array[index]), evaluate()
        array[index] = saved
        middle = float(saved)
        central[index] = _slope(loss_high - loss_low, high - low)
        left[index] = _slope(loss - loss_low, middle - low)
        right[index] = _slope(loss_high - loss, high - middle)
    return ParameterDifferences(
        central=central,
        left=left,
        right=right,
        step=np.full(array.shape, step),
        switched=np.zeros(array.shape, np.bool_),
        crossed=np.zeros(array.shape, np.bool_),
    )


def _slope(rise: float, run: float) -> float:
    # Where w + h == w the losses are equal and say nothing.
    return rise / run if run else math.nan
