"""The data that loss and gradient are given: parameters and batch, watched from call to call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.honesty.batch import Batch, modified
from fastcheck.honesty.bits import count_different, place
from fastcheck.verdict import Finding


class Watch:
    """What the calls of the user's code change, each change reported once.

    Parameters
    ----------
    model
        Its parameters may be replaced by other arrays.
    parameters, before
        The model's, and copies of them.
    batch
        What `x` and `t` hold.
    """

    def __init__(
        self,
        model: Any,
        parameters: Mapping[str, NDArray[Any]],
        before: Mapping[str, NDArray[Any]],
        batch: Batch,
    ) -> None:
        self.batch = batch
        self._model = model
        self._parameters = parameters
        self._before = before
        self._reported: set[tuple[str, str]] = set()

    def changes(self, by: str) -> tuple[Finding, ...]:
        """Return what has changed since the last time, by a call of `by`, and put it back."""
        found = [*self._replaced(by), *self._changed(by), *self.batch.changes(by)]
        fresh = [finding for name, finding in found if (by, name) not in self._reported]
        self._reported.update((by, name) for name, _ in found)
        return tuple(fresh)

    def _replaced(self, by: str) -> Iterator[tuple[str, Finding]]:
        """Put back parameters whose name now is another array's."""
        params = getattr(self._model, "params", None)
        if not isinstance(params, Mapping):
            return
        for name, array in self._parameters.items():
            now = params.get(name)
            if now is array or (isinstance(now, np.ndarray) and place(now) == place(array)):
                continue
            if isinstance(params, MutableMapping):
                with suppress(Exception):  # the user's class may refuse
                    params[name] = array
            message = (
                f"{by} replaces params[{name!r}] by another {type(now).__name__}, must only read "
                f"it; update the parameters outside of {by}"
            )
            yield f"name {name}", modified(name, message, by, array.size, array.size)

    def _changed(self, by: str) -> Iterator[tuple[str, Finding]]:
        for name, array in self._parameters.items():
            count = count_different(array, self._before[name])
            if not count:
                continue
            np.copyto(array, self._before[name])
            message = (
                f"params[{name!r}] is changed by {by} in {count} of {array.size} elements, must "
                f"only be read; update the parameters outside of {by}"
            )
            yield f"params {name}", modified(name, message, by, count, array.size)


@contextmanager
def watched(
    model: Any,
    parameters: Mapping[str, NDArray[Any]],
    before: Mapping[str, NDArray[Any]],
    batch: Batch,
) -> Iterator[Watch]:
    """Yield a `Watch`; whatever the block raises, the data is put back in the end."""
    watch = Watch(model, parameters, before, batch)
    try:
        yield watch
    finally:
        watch.changes("")
