"""What `x` and `t` hold, kept: what a call changes in it is found and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import is_, is_not
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.honesty.bits import count_different, place
from fastcheck.verdict import Finding

# What is larger is not copied.
_BYTES = 2**27
# Kinds of dtype whose elements are their bytes.
_KINDS = "biufcmMSUV"
# How many items of lists, tuples and dicts are looked at in all.
_ITEMS = 2**14


@dataclass(frozen=True, slots=True)
class _Box:
    """A list or dict, and what it held."""

    name: str
    live: list[Any] | dict[Any, Any]
    before: list[Any]


class Batch:
    """Copies of what `x` and `t` hold.

    Parameters
    ----------
    x, t
        Looked at: arrays, and lists, tuples and dicts of them; other things that are a view of
        memory for `numpy.asarray`. The rest is ignored, and so is what is read-only or huge.

    Attributes
    ----------
    arrays
        The arrays found, by what to call them.
    """

    def __init__(self, x: Any, t: Any) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self._before: dict[str, NDArray[Any]] = {}
        self._boxes: list[_Box] = []
        self._seen: set[int] = set()
        self._items = _ITEMS
        for name, thing in (("x", x), ("t", t)):
            self._look_at(name, thing)

    def changes(self, by: str) -> Iterator[tuple[str, Finding]]:
        """Put back what has changed, and yield what it is called and the finding.

        Parameters
        ----------
        by
            Who changed it.
        """
        for box in self._boxes:
            now = _content(box.live)
            if len(now) == len(box.before) and all(map(is_, now, box.before)):
                continue
            _put_back(box)
            message = (
                f"{box.name} is changed by {by}, which puts in or takes out items, must only be "
                f"read; let {by} work on a copy"
            )
            count = sum(map(is_not, now, box.before)) + abs(len(now) - len(box.before))
            yield box.name, modified(None, message, by, count, len(box.before))
        for name, array in self.arrays.items():
            count = count_different(array, self._before[name])
            if not count:
                continue
            np.copyto(array, self._before[name])
            message = (
                f"{name} is changed by {by} in {count} of {array.size} elements, must only be "
                f"read; let {by} work on a copy"
            )
            yield name, modified(None, message, by, count, array.size)

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
            self.arrays[name] = array
            self._before[name] = array.copy()

    def _look_into(self, name: str, box: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> None:
        self._items -= len(box)
        if self._items < 0:
            return
        if not isinstance(box, tuple):
            self._boxes.append(_Box(name, box, _content(box)))
        for key, value in box.items() if isinstance(box, dict) else enumerate(box):
            if not isinstance(value, (int, float, str)):
                self._look_at(f"{name}[{key!r}]", value)


@contextmanager
def kept(x: Any, t: Any) -> Iterator[Batch]:
    """Let the block change what `x` and `t` hold; put it back afterwards, whatever is raised."""
    batch = Batch(x, t)
    try:
        yield batch
    finally:
        for _ in batch.changes(""):
            pass


def modified(parameter: str | None, message: str, by: str, count: int, total: int) -> Finding:
    """Return the finding that loss or gradient changed what it must only read."""
    return Finding(
        parameter,
        message,
        kind="modified",
        evidence={"by": by, "elements": count, "total": total},
    )


def _live_array(thing: Any) -> NDArray[Any] | None:
    """Return the memory of an array or of what exposes its own, None where there is none."""
    if not isinstance(thing, np.ndarray) and not hasattr(thing, "__array__"):
        return None
    array = None
    with suppress(Exception):  # the conversion is the user's code, and may refuse
        if getattr(thing, "nbytes", 0) <= _BYTES:
            array = np.asarray(thing)
            if not isinstance(thing, np.ndarray) and place(np.asarray(thing)) != place(array):
                array = None  # a copy, made for us
    if array is None or not array.flags.writeable or array.dtype.hasobject:
        return None
    # A view, since the shape of an array may be changed in place too.
    return array.view() if array.dtype.kind in _KINDS else None


def _content(box: list[Any] | dict[Any, Any]) -> list[Any]:
    return [*box, *box.values()] if isinstance(box, dict) else list(box)


def _put_back(box: _Box) -> None:
    if isinstance(box.live, dict):
        half = len(box.before) // 2
        dict.clear(box.live)
        dict.update(box.live, zip(box.before[:half], box.before[half:], strict=True))
    else:
        list.__setitem__(box.live, slice(None), box.before)
