"""The float64 memory that templates read: base values, coefficients, constants per lane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Memory:
    """A growing array; what is in it never moves.

    A view of an earlier `buffer` stays valid: growing copies to a new one. At 0 there is a zero,
    the base value of an operand that is not there.
    """

    def __init__(self, buffer: NDArray[np.float64] | None = None, used: int = 1) -> None:
        self.buffer = np.zeros(1024) if buffer is None else buffer
        self.used = used

    def append(self, array: NDArray[Any]) -> int:
        """Store the elements of an array; return where they begin."""
        first = self.used
        end = first + array.size
        if end > self.buffer.size:
            grown = np.empty(max(end, 2 * self.buffer.size))
            grown[:first] = self.buffer[:first]
            self.buffer = grown
        self.buffer[first:end].reshape(array.shape)[...] = array
        self.used = end
        return first

    def fork(self) -> Memory:
        """Return a copy for another thread."""
        return Memory(self.buffer[: self.used].copy(), self.used)
