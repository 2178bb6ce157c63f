"""Looking through nested arguments for recording arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastcheck.recording.array import RecordingArray, is_recording


def recordings(thing: Any) -> Iterator[RecordingArray]:
    """Yield the recording arrays in `thing`, a nest of lists, tuples, dicts and slices."""
    if is_recording(thing):
        yield thing
    elif type(thing) in (list, tuple):
        for item in thing:
            yield from recordings(item)
    elif type(thing) is dict:
        for item in thing.values():
            yield from recordings(item)
    elif type(thing) is slice:
        yield from recordings((thing.start, thing.stop, thing.step))


def replaced(thing: Any, replacement: Callable[[RecordingArray], Any]) -> Any:
    """Return `thing` with every recording array replaced."""
    if is_recording(thing):
        return replacement(thing)
    if type(thing) in (list, tuple):
        return type(thing)(replaced(item, replacement) for item in thing)
    if type(thing) is dict:
        return {name: replaced(item, replacement) for name, item in thing.items()}
    if type(thing) is slice:
        return slice(*replaced((thing.start, thing.stop, thing.step), replacement))
    return thing


def unwrapped(thing: Any) -> Any:
    """Return `thing` with every recording array replaced by the real array or scalar under it."""
    return replaced(thing, lambda array: array.plain)


def has_recording(thing: Any) -> bool:
    """Tell whether `thing` contains a recording array."""
    return any(True for _ in recordings(thing))


def moving(thing: Any) -> bool:
    """Tell whether `thing` contains an array that a parameter reaches."""
    return any(array.storage.moves for array in recordings(thing))
