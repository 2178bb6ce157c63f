"""Recording of whatever only rearranges elements.

The function is run a second time on the elements' numbers; what comes out *is* the index map. Where
the real result shares memory with its argument it is a view, and stays one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.record.array import RecordingArray, fresh, read
from fastcheck.record.tape import Tape
from fastcheck.record.unwrap import recordings, replaced, unwrapped


def rearranged(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Return ``function(*args, **options)`` recorded: one array, or as many as it returns."""
    sources = list(recordings((args, options)))
    real = function(*unwrapped(args), **unwrapped(options))
    several = isinstance(real, (list, tuple))
    parts = list(real) if several else [real]
    views = [_as_view(sources, part) for part in parts]
    if not any(source.storage.moves for source in sources):
        copies = [fresh(tape, part, None) for part in parts]
    elif any(view is None for view in views):
        joined, size, replacement = _joined(tape, sources)
        index = function(*replaced(args, replacement), **replaced(options, replacement))
        indices = list(index) if several else [index]
        copies = [
            _gathered(tape, joined, size, part, numbers)
            for part, numbers in zip(parts, indices, strict=True)
        ]
    else:
        copies = []
    recorded = [copies[i] if view is None else view for i, view in enumerate(views)]
    return recorded if several else recorded[0]


def _as_view(sources: list[RecordingArray], part: Any) -> RecordingArray | None:
    if len(sources) != 1 or not np.may_share_memory(part, sources[0].storage.data):
        return None
    return RecordingArray(sources[0].storage, part)


def _joined(
    tape: Tape, sources: list[RecordingArray]
) -> tuple[int, int, Callable[[RecordingArray], NDArray[np.int64]]]:
    """Return one value with all sources end to end, its size, and each source's element numbers."""
    joined, size = read(sources[0]), sources[0].size
    starts = {id(sources[0]): 0}
    for source in sources[1:]:
        if id(source) in starts:
            continue
        starts[id(source)] = size
        total = size + source.size
        joined = tape.emit(
            "merge", (joined, read(source)), (total,), source.dtype, index=np.arange(total)
        )
        size = total

    def numbers(source: RecordingArray) -> NDArray[np.int64]:
        return np.arange(source.size).reshape(source.shape) + starts[id(source)]

    return joined, size, numbers


def _gathered(tape: Tape, joined: int, size: int, part: Any, numbers: Any) -> RecordingArray:
    part, index = np.asarray(part), np.asarray(numbers)
    if index.size == size and np.array_equal(index.reshape(-1), np.arange(size)):
        value = tape.emit("reshape", (joined,), part.shape, part.dtype, shape=part.shape)
    else:
        value = tape.emit("gather", (joined,), part.shape, part.dtype, index=index)
    return fresh(tape, part, value)
