"""Which values of a program can be differenced one sample at a time.

The samples are followed through the program: element by element, the lowest and the highest sample
that it draws on. Where a value's elements fall into one block per sample, each block the first one
moved on by a fixed stride, the rest of the batch cannot feel a change within it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from fastcheck.program import Program

# Below every sample number and above every one: an element that draws on no sample.
_NO_SAMPLE_LOW, _NO_SAMPLE_HIGH = np.iinfo(np.int32).max, -1


class Kind(Enum):
    """How a value depends on the batch."""

    SHARED = "no sample"
    SAMPLE = "one sample per block"
    TOTAL = "several samples together"


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """A value's place in the batch.

    Attributes
    ----------
    kind
        SHARED: the same for all samples. SAMPLE: sample s owns the elements ``first + s * stride``.
        TOTAL: everything else.
    first
        int64: flat positions of the first sample's elements, ascending; every position of a value
        that is not SAMPLE.
    stride
        How far the next sample's elements are; 0 for a value that is not SAMPLE.
    """

    kind: Kind
    first: NDArray[np.int64]
    stride: int


def sample_blocks(program: Program) -> dict[int, SampleBlock]:
    """Return the place in the batch of every value that is not a constant.

    A constant with an axis as long as the batch (the first such one) is taken to hold a sample per
    place on it. A wrong guess does no harm: it only says that these places belong apart, and what
    moves is separated only where no operation joins it.

    Parameters
    ----------
    program
        The recorded loss.
    """
    low: dict[int, NDArray[np.int32]] = {}
    high: dict[int, NDArray[np.int32]] = {}
    joined: set[int] = set()
    for number, array in program.constants.items():
        numbers = _constant_samples(array.shape, program.batch)
        low[number], high[number] = numbers
    for number in program.parameters.values():
        shape = program.values[number].shape
        low[number] = np.broadcast_to(np.int32(_NO_SAMPLE_LOW), shape)
        high[number] = np.broadcast_to(np.int32(_NO_SAMPLE_HIGH), shape)
    for operation in program.operations:
        shapes = [program.values[number].shape for number in operation.inputs]
        shape = program.values[operation.output].shape
        for join, table in ((np.minimum, low), (np.maximum, high)):
            operands = [table[number] for number in operation.inputs]
            spread = operation.primitive.spread
            table[operation.output] = spread(join, operands, shapes, shape, **operation.attributes)
        # What once joined samples stays joined, even where a later operation meets one of them
        # only.
        if joined.intersection(operation.inputs) or _mixes(
            low[operation.output], high[operation.output]
        ):
            joined.add(operation.output)
    return {
        number: _total(array.size) if number in joined else _block(array.reshape(-1), program.batch)
        for number, array in high.items()
        if number not in program.constants
    }


def _constant_samples(
    shape: tuple[int, ...], batch: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    if batch not in shape:
        return (
            np.broadcast_to(np.int32(_NO_SAMPLE_LOW), shape),
            np.broadcast_to(np.int32(_NO_SAMPLE_HIGH), shape),
        )
    behind = len(shape) - shape.index(batch) - 1
    numbers = np.broadcast_to(np.arange(batch, dtype=np.int32).reshape(-1, *(1,) * behind), shape)
    return numbers, numbers


def _mixes(low: NDArray[np.int32], high: NDArray[np.int32]) -> bool:
    return bool(np.any(low < high))


def _total(size: int) -> SampleBlock:
    return SampleBlock(Kind.TOTAL, np.arange(size), 0)


def _block(samples: NDArray[np.int32], batch: int) -> SampleBlock:
    """Return the block of a value from the sample that each of its elements draws on."""
    if not samples.size or samples.max() < 0:
        return SampleBlock(Kind.SHARED, np.arange(samples.size), 0)
    order = np.argsort(samples, kind="stable")
    if samples.min() < 0 or samples.size % batch:
        return _total(samples.size)
    positions = order.reshape(batch, -1)
    owners = samples[positions]
    stride = int(positions[1, 0] - positions[0, 0]) if batch > 1 else 0
    moved = positions[0] + stride * np.arange(batch)[:, None]
    regular = np.array_equal(moved, positions) and np.array_equal(
        owners, np.broadcast_to(np.arange(batch)[:, None], owners.shape)
    )
    return SampleBlock(Kind.SAMPLE, positions[0], stride) if regular else _total(samples.size)


def separable(blocks: dict[int, SampleBlock], program: Program, moving: Iterable[int]) -> bool:
    """Tell whether the samples meet only in sums.

    Then the contributions of the samples can be computed apart and added up.

    Parameters
    ----------
    blocks
        From `sample_blocks`.
    program
        The recorded loss.
    moving
        The values that move with the parameter in question.
    """
    moves = set(moving)
    for operation in program.operations:
        if blocks[operation.output].kind is not Kind.TOTAL:
            continue
        meets = any(
            number in moves and blocks[number].kind is Kind.SAMPLE for number in operation.inputs
        )
        if meets and operation.primitive.name != "sum":
            return False
    return True
