"""Reading and writing parts of a recording array."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, is_recording, read
from fastcheck.recording.operands import array_of
from fastcheck.recording.rearrange import rearranged
from fastcheck.recording.unwrap import moving, unwrapped


def get_item(array: RecordingArray, key: Any) -> Any:
    """Record ``array[key]``: a view for slices, a scalar or a copy otherwise, as in NumPy."""
    tape = array.storage.tape
    if moving(key):
        tape.refuse(
            "reading by a mask",
            "how many elements it selects depends on the parameters; use np.where or a product",
        )
    real_key = unwrapped(key)
    return rearranged(tape, lambda elements: elements[real_key], [array])


def set_item(array: RecordingArray, key: Any, value: Any) -> None:
    """Record ``array[key] = value``."""
    if moving(key):
        _set_by_mask(array, key, value)
        return
    real_key = unwrapped(key)
    if array.storage.moves or moving(value):
        value = _fitting(array, value)
        positions = array.storage.element_numbers(array.view)[real_key]
        array.storage.write(np.asarray(positions), read(value), value.shape)
    array.view[real_key] = unwrapped(value)


def _fitting(array: RecordingArray, value: Any) -> RecordingArray:
    """Return what a write of `value` leaves in `array`: converted to its dtype."""
    tape = array.storage.tape
    if not moving(value):
        return array_of(tape, np.asarray(unwrapped(value)).astype(array.dtype))
    written = array_of(tape, value)
    if not np.can_cast(written.dtype, array.dtype, "same_kind"):
        tape.refuse(
            f"a write into an array of dtype {array.dtype}",
            "the values depend on the parameters and would be cut off; make the array float",
        )
    return written


def _set_by_mask(array: RecordingArray, mask: Any, value: Any) -> None:
    """Record a write through a mask that hangs on the parameters: a choice, element by element."""
    tape = array.storage.tape
    if not is_recording(mask) or mask.dtype.kind != "b":
        tape.refuse(
            "writing at places that depend on the parameters",
            "only a single boolean mask is known to the recorder",
        )
    written = array_of(tape, value)
    if written.size != 1:
        tape.refuse(
            "writing several values through a mask",
            "which value goes where depends on the parameters; use np.where",
        )
    condition = mask.reshape(mask.shape + (1,) * (array.ndim - mask.ndim))
    set_item(array, ..., np.where(condition, written, array))
