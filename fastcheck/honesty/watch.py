"""The data that loss and gradient are given: what a call changes in it is found and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import is_, is_not
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.honesty.bits import count_different
from fastcheck.verdict import Finding

# What is larger is not copied.
_BYTES = 2**27
# Kinds of dtype whose elements are their bytes.
_KINDS = "biufcmMSUV"
# How many items of lists, tuples and dicts are looked at in all.
_ITEMS = 2**14


@dataclass(frozen=True, slots=True)
class _Kept:
    """An array, a copy of it, what to call it, and the parameter that it is."""

    name: str
    parameter: str | None
    live: NDArray[Any]
    before: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Box:
    """A list or dict, and what it held."""

    name: str
    live: list[Any] | dict[Any, Any]
    before: list[Any]


class Watch:
    """Copies of the parameters and of what `x` and `t` hold.

    Parameters
    ----------
    model, x, t
        Looked at: arrays, and lists, tuples and dicts of them; other things that are a view of
        memory for `numpy.asarray`. The rest is ignored, and so is what is read-only or huge.
    parameters, before
        The model's, and copies of them.

    Attributes
    ----------
    data
        The arrays of `x` and `t`, by what to call them.
    """

    def __init__(
        self,
        model: Any,
        x: Any,
        t: Any,
        parameters: Mapping[str, NDArray[Any]],
        before: Mapping[str, NDArray[Any]],
    ) -> None:
        self.data: dict[str, NDArray[Any]] = {}
        self._model = model
        self._parameters = parameters
        self._kept = [
            _Kept(f"params[{name!r}]", name, array, before[name])
            for name, array in parameters.items()
        ]
        self._boxes: list[_Box] = []
        self._seen = {id(array) for array in parameters.values()}
        self._items = _ITEMS
        self._reported: set[tuple[str, str]] = set()
        for name, thing in (("x", x), ("t", t)):
            self._look_at(name, thing)

    def changes(self, by: str) -> tuple[Finding, ...]:
        """Return what has changed since the last time, by a call of `by`, and put it back.

        What was reported once is not reported again.
        """
        found = [*self._replaced(by), *self._changed_boxes(by), *self._changed_arrays(by)]
        fresh = [finding for name, finding in found if (by, name) not in self._reported]
        self._reported.update((by, name) for name, _ in found)
        return tuple(fresh)

    def _look_at(self, name: str, thing: Any) -> None:
        if id(thing) in self._seen:
            return
        if isinstance(thing, (list, tuple, dict)):
            self._seen.add(id(thing))
            self._look_into(name, thing)
            return
        array = _live_array(thing)
        if array is not None:
            self._seen.add(id(thing))
            self.data[name] = array
            self._kept.append(_Kept(name, None, array, array.copy()))

    def _look_into(self, name: str, box: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> None:
        self._items -= len(box)
        if self._items < 0:
            return
        if not isinstance(box, tuple):
            self._boxes.append(_Box(name, box, _content(box)))
        for key, value in box.items() if isinstance(box, dict) else enumerate(box):
            if not isinstance(value, (int, float, str)):
                self._look_at(f"{name}[{key!r}]", value)

    def _replaced(self, by: str) -> Iterator[tuple[str, Finding]]:
        """Put back parameters whose name now is another array's."""
        params = getattr(self._model, "params", None)
        if not isinstance(params, Mapping):
            return
        for name, array in self._parameters.items():
            now = params.get(name)
            if now is array or (isinstance(now, np.ndarray) and _place(now) == _place(array)):
                continue
            if isinstance(params, MutableMapping):
                with suppress(Exception):  # the user's class may refuse
                    params[name] = array
            message = (
                f"{by} replaces params[{name!r}] by another {type(now).__name__}, must only read "
                f"it; update the parameters outside of {by}"
            )
            yield f"name {name}", _modified(name, message, by, array.size, array.size)

    def _changed_boxes(self, by: str) -> Iterator[tuple[str, Finding]]:
        for box in self._boxes:
            now = _content(box.live)
            if len(now) == len(box.before) and all(map(is_, now, box.before)):
                continue
            if isinstance(box.live, dict):
                half = len(box.before) // 2
                dict.clear(box.live)
                dict.update(box.live, zip(box.before[:half], box.before[half:], strict=True))
            else:
                list.__setitem__(box.live, slice(None), box.before)
            message = (
                f"{box.name} is changed by {by}, which puts in or takes out items, must only be "
                f"read; let {by} work on a copy"
            )
            moved = sum(map(is_not, now, box.before)) + abs(len(now) - len(box.before))
            yield box.name, _modified(None, message, by, moved, len(box.before))

    def _changed_arrays(self, by: str) -> Iterator[tuple[str, Finding]]:
        for kept in self._kept:
            count = count_different(kept.live, kept.before)
            if not count:
                continue
            np.copyto(kept.live, kept.before)
            remedy = (
                f"update the parameters outside of {by}"
                if kept.parameter is not None
                else f"let {by} work on a copy"
            )
            message = (
                f"{kept.name} is changed by {by} in {count} of {kept.before.size} elements, must "
                f"only be read; {remedy}"
            )
            yield kept.name, _modified(kept.parameter, message, by, count, kept.before.size)


@contextmanager
def watched(
    model: Any,
    x: Any,
    t: Any,
    parameters: Mapping[str, NDArray[Any]],
    before: Mapping[str, NDArray[Any]],
) -> Iterator[Watch]:
    """Yield a `Watch`; whatever the block raises, the data is put back in the end."""
    watch = Watch(model, x, t, parameters, before)
    try:
        yield watch
    finally:
        watch.changes("")


def _live_array(thing: Any) -> NDArray[Any] | None:
    """Return the memory of an array or of what exposes its own, None where there is none."""
    if not isinstance(thing, np.ndarray) and not hasattr(thing, "__array__"):
        return None
    array = None
    with suppress(Exception):  # the conversion is the user's code, and may refuse
        if getattr(thing, "nbytes", 0) <= _BYTES:
            array = np.asarray(thing)
            if not isinstance(thing, np.ndarray) and _place(np.asarray(thing)) != _place(array):
                array = None  # a copy, made for us
    if array is None or not array.flags.writeable or array.dtype.hasobject:
        return None
    # A view, since the shape of an array may be changed in place too.
    return array.view() if array.dtype.kind in _KINDS else None


def _modified(parameter: str | None, message: str, by: str, count: int, total: int) -> Finding:
    return Finding(
        parameter,
        message,
        kind="modified",
        evidence={"by": by, "elements": count, "total": total},
    )


def _content(box: list[Any] | dict[Any, Any]) -> list[Any]:
    return [*box, *box.values()] if isinstance(box, dict) else list(box)


def _place(array: NDArray[Any]) -> tuple[Any, ...]:
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype
