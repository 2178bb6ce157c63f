"""Arguments as program values, and results as recording arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, fresh, is_recording, read
from fastcheck.recording.tape import Tape
from fastcheck.recording.unwrap import has_recording

# Arguments that change nothing when they have these values.
_DEFAULTS = {"where": True, "subok": True, "order": "K", "casting": "same_kind"}


def number_of(tape: Tape, thing: Any) -> int:
    """Return the value number of a recording array, or of anything NumPy takes as an array."""
    if has_recording(thing):
        return read(array_of(tape, thing))
    return tape.constant(np.asarray(thing))


def array_of(tape: Tape, thing: Any) -> RecordingArray:
    """Return the argument as a recording array: itself, or new memory."""
    if is_recording(thing):
        return thing  # type: ignore[no-any-return]
    if has_recording(thing):
        return stacked(thing)
    return fresh(tape, np.asarray(thing), None)


def stacked(thing: Any) -> RecordingArray:
    """Return nested lists of numbers and recording arrays as one recording array."""
    items = [stacked(item) if isinstance(item, (list, tuple)) else item for item in thing]
    return np.stack(items)  # type: ignore[return-value]  # a recording array is among them


def emitted(
    tape: Tape, name: str, result: Any, inputs: tuple[int, ...], **attributes: Any
) -> RecordingArray:
    """Emit a primitive whose real result is `result`, and return the recording array for it."""
    return fresh(tape, result, tape.emit(name, inputs, result.shape, result.dtype, **attributes))


def refuse_options(tape: Tape, name: str, options: dict[str, Any]) -> None:
    """Refuse keyword arguments that change what is computed; those at their defaults are none."""
    for option, value in options.items():
        if not _is_default(option, value):
            tape.refuse(f"{name}({option}=...)", "this argument is not known to the recorder")


def _is_default(option: str, value: Any) -> bool:
    if value is None or value is np._NoValue:
        return True
    return type(value) in (bool, str) and _DEFAULTS.get(option) == value
