"""The calls of the code under test, each of them watched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.result import NumericalGradient
from fastcheck.honesty.aliases import aliased, reuse, reused
from fastcheck.honesty.batch import Batch
from fastcheck.honesty.evidence import Evidence
from fastcheck.honesty.repeat import random_loss, same
from fastcheck.honesty.usable import Given, usable_gradients
from fastcheck.honesty.watch import Watch, watched
from fastcheck.locking import user_code
from fastcheck.model import parameters_of, plain_loss, restored
from fastcheck.verdict import Finding


@dataclass(frozen=True, slots=True)
class _Calls:
    """A model and its batch; every call comes with what it modified, which is put back."""

    model: Any
    x: Any
    t: Any
    parameters: Mapping[str, NDArray[Any]]
    watch: Watch

    def loss(self) -> tuple[float, tuple[Finding, ...]]:
        loss = plain_loss(self.model, self.x, self.t)
        return loss, self.watch.changes("loss")

    def gradient(self, names: Iterable[str]) -> tuple[Given, tuple[Finding, ...]]:
        returned = self.model.gradient(self.x, self.t)
        # At once: the next call may write into the very arrays.
        given = usable_gradients(returned, self.parameters, names)
        return given, self.watch.changes("gradient")

    def aliased(self, given: Given) -> tuple[Finding, ...]:
        return aliased(given.live, self.parameters, self.watch.batch.arrays)


def examined(
    model: Any, x: Any, t: Any, result: NumericalGradient, batch: Batch | None = None
) -> Evidence:
    """Return the model's gradient and accuracy, and what else its calls were seen to do.

    Calls loss and gradient twice each, in turns, and accuracy once; before each call the
    parameters, `x` and `t` are as they were, and so they are in the end.

    Parameters
    ----------
    model, x, t
        As for `gradcheck`. What loss or gradient raises the first time is not caught.
    result
        Its parameters are those that are checked.
    batch
        What `x` and `t` held before any call of loss; by default what they hold now.
    """
    with _calls(model, x, t, batch) as calls:
        # An engine has called nothing but loss.
        earlier = calls.watch.changes("loss")
        # The textbook's gradient reads what the last call of loss left on the layers.
        loss, by_loss = calls.loss()
        given, by_gradient = calls.gradient(result.parameters)
        findings = [*earlier, *by_loss, *by_gradient, *given.findings, *calls.aliased(given)]
        repeat, more, notes = _repeated(calls, loss, given)
        accuracy, problem = _accuracy(model, x, t)
    return Evidence(
        gradient=given.arrays,
        unchecked=given.unchecked,
        accuracy=accuracy,
        findings=(*findings, *more),
        notes=notes + problem,
        repeat=repeat,
    )


def loss_faults(model: Any, x: Any, t: Any, batch: Batch | None = None) -> tuple[Finding, ...]:
    """Return why a loss cannot be differentiated: it is random, or changes what it is given.

    For a model that an engine has refused; empty where the reason is another.
    Arguments are those of `examined`.
    """
    try:
        with _calls(model, x, t, batch) as calls:
            earlier = calls.watch.changes("loss")
            first, by_first = calls.loss()
            again, by_again = calls.loss()
    except Exception:  # noqa: BLE001 - the caller has an error at hand that says more
        return ()
    changed = (*earlier, *by_first, *by_again)
    return changed if same(first, again) else (*changed, random_loss(first, again))


@contextmanager
def _calls(model: Any, x: Any, t: Any, batch: Batch | None) -> Iterator[_Calls]:
    with user_code():
        batch = Batch(x, t) if batch is None else batch
        parameters = parameters_of(model)
        with (
            restored(parameters) as before,
            watched(model, parameters, before, batch) as watch,
        ):
            yield _Calls(model, x, t, parameters, watch)


def _repeated(
    calls: _Calls, loss: float, given: Given
) -> tuple[dict[str, NDArray[Any]], list[Finding], tuple[str, ...]]:
    """Call loss and gradient again; return what differs, what is wrong, and why it could not be."""
    findings: list[Finding] = []
    try:
        again, changed = calls.loss()
        findings += changed
        if not same(loss, again):
            steady = same(again, calls.loss()[0])
            # A gradient that is random for the same reason needs no findings of its own.
            return {}, [*findings, random_loss(loss, again, after_gradient=steady)], ()
        second, changed = calls.gradient(given.arrays)
        findings += changed
    except Exception as error:  # noqa: BLE001 - it is the user's code, and once it has worked
        note = f"gradient could not be repeated: {type(error).__name__}: {error}"
        return {}, findings, (note,)
    # That it shares memory with a parameter or the data is said already.
    known = {finding.parameter for finding in calls.aliased(given)}
    names = [name for name in reused(given.live, second.live) if name not in known]
    if names:
        findings.append(reuse(names))
    repeat = {
        name: second.arrays[name]
        for name, array in given.arrays.items()
        if _differ(array, second.arrays[name])
    }
    return repeat, findings, ()


def _differ(one: NDArray[Any], other: NDArray[Any]) -> bool:
    # To allow for nan takes thirty times as long.
    return not (np.array_equal(one, other) or np.array_equal(one, other, equal_nan=True))


def _accuracy(model: Any, x: Any, t: Any) -> tuple[float | None, tuple[str, ...]]:
    """Return the model's own accuracy where it has one; a failure of it is only a note."""
    if not callable(getattr(model, "accuracy", None)):
        return None, ()
    try:
        return float(model.accuracy(x, t)), ()
    except Exception as error:  # noqa: BLE001 - it is the user's code, and nothing hangs on it
        return None, (f"no accuracy: {type(error).__name__}: {error}",)
