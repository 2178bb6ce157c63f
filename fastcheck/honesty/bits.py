"""Whether two arrays are the same: to the last bit, or the very same memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORDS: dict[int, type[np.unsignedinteger[Any]]] = {
    1: np.uint8,
    2: np.uint16,
    4: np.uint32,
    8: np.uint64,
}


def count_different(one: NDArray[Any], other: NDArray[Any]) -> int:
    """Return how many elements differ in a bit; a nan is equal to the same nan.

    Parameters
    ----------
    one, other
        Of the same shape and dtype, which holds no objects.
    """
    if one.nbytes == 0:
        return 0
    word = _WORDS.get(one.itemsize)
    if word is not None:
        a, b = one.view(word), other.view(word)
        return 0 if np.array_equal(a, b) else int(np.count_nonzero(a != b))
    if one.dtype.kind in "fc":  # the padding of a long double says nothing
        return int(np.count_nonzero((one != other) & ~(np.isnan(one) & np.isnan(other))))
    a, b = (
        np.ascontiguousarray(item).view(np.uint8).reshape(one.size, -1) for item in (one, other)
    )
    return int(np.count_nonzero((a != b).any(axis=1)))


def place(array: NDArray[Any]) -> tuple[Any, ...]:
    """Return what two arrays have in common that are the same elements of the same memory."""
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype
