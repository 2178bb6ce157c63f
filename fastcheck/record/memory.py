"""The user's arrays as recording arrays, parameters first.

Arrays that share memory with a parameter (the parameter under another name, a transpose kept on a
layer, one flat vector of which the parameters are views) become views of one storage, so that the
recording sees what NumPy would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.record.array import RecordingArray
from fastcheck.record.storage import Storage
from fastcheck.record.tape import Tape

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
        self._storages: dict[int, tuple[NDArray[Any], Storage]] = {}
        self._known: dict[int, tuple[NDArray[Any], RecordingArray]] = {}
        seen: dict[int, int] = {}
        for name, array in parameters.items():
            if id(array) not in seen:
                seen[id(array)] = tape.new_value(array.shape, array.dtype)
                self._place(array, seen[id(array)])
            self.numbers[name] = seen[id(array)]

    def recording(self, array: NDArray[Any]) -> RecordingArray:
        """Return the recording array for an array of the user."""
        if id(array) not in self._known:
            root = _root(array)
            if id(root) in self._storages:
                made = self._view(self._storages[id(root)], array)
            else:
                made = self._constant(array)
            self._known[id(array)] = (array, made)
        return self._known[id(array)][1]

    def _place(self, array: NDArray[Any], number: int) -> None:
        """Let the parameter's elements in its memory be the value `number`."""
        root = _root(array)
        if id(root) not in self._storages:
            data = np.array(root.ravel(order="K"))
            self._storages[id(root)] = (root, Storage(self._tape, data))
        entry = self._storages[id(root)]
        view = self._view(entry, array).view
        storage = entry[1]
        if storage.covers(view):
            storage.value = number
        else:
            storage.write(storage.element_numbers(view), number, array.shape)

    def _view(self, entry: tuple[NDArray[Any], Storage], array: NDArray[Any]) -> RecordingArray:
        root, storage = entry
        start = (_address(array) - _lowest_address(root)) // array.itemsize
        view = np.lib.stride_tricks.as_strided(storage.data[start:], array.shape, array.strides)
        return RecordingArray(storage, view)

    def _constant(self, array: NDArray[Any]) -> RecordingArray:
        if array.size <= _COPY_UP_TO:
            data = np.array(array, order="C").reshape(-1)
            return RecordingArray(Storage(self._tape, data), data.reshape(array.shape))
        flat = np.ascontiguousarray(array).view()
        flat.flags.writeable = False
        return RecordingArray(Storage(self._tape, flat.reshape(-1)), flat)


def _root(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array that owns the memory, as far as it is an array of the same dtype."""
    while isinstance(array.base, np.ndarray) and array.base.dtype == array.dtype:
        array = array.base
    return array


def _lowest_address(array: NDArray[Any]) -> int:
    return int(np.lib.array_utils.byte_bounds(array)[0])


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
