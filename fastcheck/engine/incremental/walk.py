"""From sample to sample: where in the batch a value's elements lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fastcheck.engine.samples import Kind, SampleBlock
from fastcheck.program import Operation, Program

PROLOGUE, SAMPLES, EPILOGUE = range(3)

_STAGES = {Kind.SHARED: PROLOGUE, Kind.SAMPLE: SAMPLES, Kind.TOTAL: EPILOGUE}


class Coupled(Exception):  # noqa: N818 - not an error: another way is taken
    """The samples cannot be taken one at a time."""


class Walk:
    """Which elements of every value belong to the first sample, and how far the next one is.

    Without `blocks` the whole batch is taken at once.
    """

    def __init__(self, program: Program, blocks: Mapping[int, SampleBlock] | None) -> None:
        self._program = program
        self._blocks = blocks
        self.samples = 1 if blocks is None else program.batch

    @property
    def whole(self) -> bool:
        """Whether the whole batch is taken at once."""
        return self._blocks is None

    def stage(self, number: int) -> int:
        """Return when a value is computed."""
        return PROLOGUE if self._blocks is None else _STAGES[self._blocks[number].kind]

    def first(self, number: int) -> NDArray[np.int64]:
        """Return the flat positions of the first sample's elements; of all, if not by samples."""
        if self._blocks is None:
            return np.arange(self.size(number))
        return self._blocks[number].first

    def stride(self, number: int) -> int:
        """Return how far the next sample's elements are."""
        return 0 if self._blocks is None else self._blocks[number].stride

    def size(self, number: int) -> int:
        """Return the number of a value's elements."""
        size = 1
        for length in self._program.values[number].shape:
            size *= length
        return size

    def follow(self, operation: Operation, origin: NDArray[np.int64] | None) -> int:
        """Return how far a sample step moves on in an operand.

        Parameters
        ----------
        operation
            The operation.
        origin
            int64: the operand's element that each element of the result comes from, -1 for none;
            None where it is the same element.

        Raises
        ------
        Coupled
            If the samples are not equally far from each other.
        """
        number = operation.output
        stride = self.stride(number)
        if origin is None or stride == 0:
            return stride
        first = self.first(number)
        local = origin[first]
        inside = local >= 0
        steps = stride * np.arange(self.samples)[:, None]
        there = origin[first + steps]
        several = self.samples > 1 and inside.any()
        step = int(there[1, inside][0] - local[inside][0]) if several else 0
        wanted = np.where(inside, local + step * np.arange(self.samples)[:, None], -1)
        if ((there >= 0) != inside).any() or not np.array_equal(there, wanted):
            raise Coupled
        return step

    def follow_moving(
        self, operation: Operation, number: int, origin: NDArray[np.int64] | None
    ) -> None:
        """Check that a sample step in the result is one in a moving operand."""
        step = self.follow(operation, origin)
        if self.stage(operation.output) == SAMPLES and step != self.stride(number):
            raise Coupled
