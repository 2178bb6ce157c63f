"""Recording of whatever only rearranges elements.

The function is run a second time on the elements' numbers; what comes out *is* the index map. Where
the real result shares memory with its argument it is a view, and stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.recording.array import RecordingArray, fresh, read
from fastcheck.recording.tape import Tape

# What stands in the index map where the function itself puts zeros (np.diag, np.tril): elements are
# numbered from 1.
_ZERO = 0


def rearranged(tape: Tape, function: Callable[..., Any], sources: list[RecordingArray]) -> Any:
    """Return ``function(*sources)`` recorded: one array, or as many as it returns."""
    real = function(*(source.plain for source in sources))
    several = isinstance(real, (list, tuple))
    parts = list(real) if several else [real]
    results = [_as_view(sources, part) for part in parts]
    if any(result is None for result in results):
        copies = _copies(tape, function, sources, parts)
        results = [
            copy if view is None else view for view, copy in zip(results, copies, strict=True)
        ]
    return results if several else results[0]


def constant_result(tape: Tape, result: Any) -> Any:
    """Return what a NumPy call on constants gave: arrays recording, scalars as they are."""
    if isinstance(result, np.ndarray) and result.dtype.kind in "fiub":
        return fresh(tape, result, None)
    return result


def _as_view(sources: list[RecordingArray], part: Any) -> RecordingArray | None:
    if len(sources) != 1 or not isinstance(part, np.ndarray):
        return None
    storage = sources[0].storage
    return RecordingArray(storage, part) if np.may_share_memory(part, storage.data) else None


def _copies(
    tape: Tape, function: Callable[..., Any], sources: list[RecordingArray], parts: list[Any]
) -> list[Any]:
    if not any(source.storage.moves for source in sources):
        return [constant_result(tape, part) for part in parts]
    joined, size = _joined(tape, sources)
    maps = function(*_numbered(sources))
    maps = list(maps) if isinstance(maps, (list, tuple)) else [maps]
    return [
        _gathered(tape, joined, size, part, np.asarray(numbers) - 1)
        for part, numbers in zip(parts, maps, strict=True)
    ]


def _joined(tape: Tape, sources: list[RecordingArray]) -> tuple[int, int]:
    """Return one value with all sources end to end, and its size."""
    joined, size = read(sources[0]), sources[0].size
    for source in sources[1:]:
        size += source.size
        joined = tape.emit(
            "merge", (joined, read(source)), (size,), source.dtype, index=np.arange(size)
        )
    return joined, size


def _numbered(sources: list[RecordingArray]) -> list[NDArray[np.int64]]:
    """Return the element numbers of each source, in the memory layout that the source has."""
    numbered = []
    start = _ZERO + 1
    for source in sources:
        numbers = np.empty_like(source.view, dtype=np.int64)
        numbers[...] = np.arange(start, start + source.size).reshape(source.shape)
        numbered.append(numbers)
        start += source.size
    return numbered


def _gathered(
    tape: Tape, joined: int, size: int, part: Any, index: NDArray[np.int64]
) -> RecordingArray:
    whole = index.size == size and np.array_equal(index.reshape(-1), np.arange(size))
    if whole:
        value = tape.emit("reshape", (joined,), part.shape, part.dtype, shape=part.shape)
    elif (index < 0).any():
        zero = tape.constant(np.zeros((), part.dtype))
        index = np.where(index < 0, size, index)
        value = tape.emit("merge", (joined, zero), part.shape, part.dtype, index=index)
    else:
        value = tape.emit("gather", (joined,), part.shape, part.dtype, index=index)
    return fresh(tape, part, value)
