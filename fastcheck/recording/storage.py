"""A storage: a piece of memory with the program value that it holds at the moment.

Views share a storage. A write gives the storage a new value, merged from the old one and the
written one; every view then reads the new value, as views of real memory do.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.recording.tape import Tape


class Storage:
    """Contiguous memory `data` (1-D) and the number of the value it holds, None while constant."""

    __slots__ = ("_constants", "data", "tape", "value")

    def __init__(self, tape: Tape, data: NDArray[Any], value: int | None = None) -> None:
        self.tape = tape
        self.data = data
        self.value = value
        self._constants: dict[tuple[Any, ...], int] = {}

    @property
    def moves(self) -> bool:
        """Whether a parameter reaches this memory."""
        return self.value is not None

    def read(self, view: NDArray[Any]) -> int:
        """Return the value number of `view`, an array over this storage's memory, as it is now."""
        if self.value is None:
            return self._read_constant(view)
        if self.covers(view):
            if self.tape.values[self.value].shape == view.shape:
                return self.value
            return self.tape.emit(
                "reshape", (self.value,), view.shape, view.dtype, shape=view.shape
            )
        index = self.element_numbers(view)
        return self.tape.emit("gather", (self.value,), view.shape, view.dtype, index=index)

    def write(self, positions: NDArray[np.int64], number: int, shape: tuple[int, ...]) -> None:
        """Note that the elements at `positions` now hold value `number`, of `shape`, broadcast.

        To be called before `data` itself is changed: what the memory held so far becomes a value.
        """
        size = self.data.size
        index = np.arange(size)
        written = _trimmed(np.arange(prod(shape)).reshape(shape), positions.ndim)
        # NumPy's own assignment decides which element wins where a position occurs twice.
        index[positions] = size + np.broadcast_to(written, positions.shape)
        if (index < size).any():
            inputs = self.read(self.data), number
            self.value = self.tape.emit("merge", inputs, (size,), self.data.dtype, index=index)
        else:
            self.value = self._filled(number, index - size, prod(shape))

    def _filled(self, number: int, index: NDArray[np.int64], length: int) -> int:
        """Return the value of this memory when all of it is taken from value `number`."""
        shape, dtype = self.data.shape, self.data.dtype
        if length == index.size and np.array_equal(index, np.arange(length)):
            return self.tape.emit("reshape", (number,), shape, dtype, shape=shape)
        return self.tape.emit("gather", (number,), shape, dtype, index=index)

    def covers(self, view: NDArray[Any]) -> bool:
        """Tell whether `view` is this memory from first to last element, in order."""
        return (
            view.size == self.data.size
            and view.flags.c_contiguous
            and _address(view) == _address(self.data)
        )

    def element_numbers(self, view: NDArray[Any]) -> NDArray[np.int64]:
        """Return, for every element of `view`, its position in `data`."""
        itemsize = self.data.itemsize
        numbers = np.full(view.shape, (_address(view) - _address(self.data)) // itemsize)
        for axis, (length, stride) in enumerate(zip(view.shape, view.strides, strict=True)):
            steps = np.arange(length) * (stride // itemsize)
            numbers += steps.reshape([-1 if other == axis else 1 for other in range(view.ndim)])
        return numbers

    def _read_constant(self, view: NDArray[Any]) -> int:
        # Asked for again and again; the memory may have been written to in between.
        key = (_address(view), view.shape, view.strides)
        number = self._constants.get(key)
        if number is None or not _same(self.tape.constants[number], view):
            number = self._constants[key] = self.tape.constant(view)
        return number


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    # The second question takes thirty times as long.
    return np.array_equal(a, b) or np.array_equal(a, b, equal_nan=True)


def _trimmed(array: NDArray[Any], ndim: int) -> NDArray[Any]:
    """Drop leading axes of length 1 that assignment allows and broadcasting does not."""
    while array.ndim > ndim and array.shape[0] == 1:
        array = array[0]
    return array
