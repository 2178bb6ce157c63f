"""The user's arrays as recording arrays, parameters first.

Arrays that share memory (the parameter under another name, a transpose kept on a layer, one flat
vector of which the parameters are views, a buffer and its rows) become views of one storage, so
that the recording sees what NumPy would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.recording.array import RecordingArray
from fastcheck.recording.storage import Storage
from fastcheck.recording.tape import Tape

# Inputs larger than this (32 MB of float64) are not copied; a recorded write into one is refused.
_COPY_UP_TO = 2**22


class Memory:
    """Gives every array of the user its recording array.

    Parameters
    ----------
    tape
        The recording under way.
    parameters
        The model's parameters; each becomes a value of the tape, in `numbers` under its name.
    """

    def __init__(self, tape: Tape, parameters: Mapping[str, NDArray[Any]]) -> None:
        self.numbers: dict[str, int] = {}
        self._tape = tape
        # Root array and the storage of its memory, by the root's id.
        self._storages: dict[int, tuple[NDArray[Any], Storage]] = {}
        self._known: dict[int, tuple[NDArray[Any], RecordingArray]] = {}
        placed: dict[tuple[Any, ...], int] = {}
        for name, array in parameters.items():
            key = _place_of(array)
            if key not in placed:
                placed[key] = tape.new_value(array.shape, array.dtype)
                self._place(array, placed[key])
            self.numbers[name] = placed[key]

    def recording(self, array: NDArray[Any]) -> RecordingArray:
        """Return the recording array for an array of the user."""
        if id(array) not in self._known:
            self._known[id(array)] = (array, self._made(array))
        return self._known[id(array)][1]

    def _place(self, array: NDArray[Any], number: int) -> None:
        """Let the parameter's elements in its memory be the value `number`."""
        recording = self._view(_root(array), array)
        storage = recording.storage
        if storage.covers(recording.view):
            storage.value = number
        else:
            storage.write(storage.element_numbers(recording.view), number, array.shape)

    def _made(self, array: NDArray[Any]) -> RecordingArray:
        root = _root(array)
        if id(root) in self._storages or root.size <= _COPY_UP_TO:
            return self._view(root, array)
        if array.size <= _COPY_UP_TO:
            return self._view(array, array)
        flat = np.ascontiguousarray(array).view()
        flat.flags.writeable = False
        return RecordingArray(Storage(self._tape, flat.reshape(-1)), flat)

    def _view(self, root: NDArray[Any], array: NDArray[Any]) -> RecordingArray:
        """Return `array`, which is `root` or lies inside it, as a view of the root's storage."""
        if id(root) not in self._storages:
            self._storages[id(root)] = (root, Storage(self._tape, _same_layout(root)))
        storage = self._storages[id(root)][1]
        return RecordingArray(storage, _laid_over(storage.data, root, array))


def overlap(parameters: Mapping[str, NDArray[Any]]) -> tuple[str, str] | None:
    """Return two parameters that share a part of their memory, or None.

    The same array under two names is fine: it is one value.
    """
    different = {_place_of(array): name for name, array in parameters.items()}
    names = list(different.values())
    for i, name in enumerate(names):
        for other in names[:i]:
            if np.shares_memory(parameters[name], parameters[other]):
                return other, name
    return None


def _place_of(array: NDArray[Any]) -> tuple[Any, ...]:
    return (_span(array)[0], array.shape, array.strides, array.dtype)


def _root(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array that owns the memory, as far as it is an array of the same dtype."""
    root = array
    while isinstance(root.base, np.ndarray) and root.base.dtype == array.dtype:
        root = root.base
    return root


def _same_layout(root: NDArray[Any]) -> NDArray[Any]:
    """Return flat memory that holds a copy of `root`, each element where `root` has it."""
    low, high = _span(root)
    if root.flags.c_contiguous or any(stride % root.itemsize for stride in root.strides):
        return np.array(root, order="C").reshape(-1)
    data = np.zeros((high - low) // root.itemsize, root.dtype)
    _laid_over(data, root, root)[...] = root
    return data


def _laid_over(data: NDArray[Any], root: NDArray[Any], array: NDArray[Any]) -> NDArray[Any]:
    """Return the view of `data`, made from `root` by `_same_layout`, that `array` is of `root`."""
    if any(stride % array.itemsize for stride in array.strides):  # a field of a structured array
        return data.reshape(array.shape)
    offset = _address(array) - _span(root)[0]
    view: NDArray[Any] = np.ndarray(array.shape, array.dtype, data, offset, array.strides)
    return view


def _span(array: NDArray[Any]) -> tuple[int, int]:
    """Return the addresses of the first byte and of the one after the last."""
    low = high = _address(array)
    if array.size == 0 or array.flags.c_contiguous:
        return low, low + array.nbytes
    for length, stride in zip(array.shape, array.strides, strict=True):
        low += min(0, (length - 1) * stride)
        high += max(0, (length - 1) * stride)
    return low, high + array.itemsize


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
