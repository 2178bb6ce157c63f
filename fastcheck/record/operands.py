"""Arguments as program values, and results as recording arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.record.array import RecordingArray, fresh, is_recording, read
from fastcheck.record.tape import Tape
from fastcheck.record.unwrap import moving


def number_of(tape: Tape, thing: Any) -> int:
    """Return the value number of a recording array, or of anything NumPy takes as an array."""
    if is_recording(thing):
        return read(thing)
    if moving(thing):
        tape.refuse("a list of recorded values as an operand", "make it an array by np.array first")
    return tape.constant(np.asarray(thing))


def array_of(tape: Tape, thing: Any) -> RecordingArray:
    """Return the argument as a recording array."""
    return thing if is_recording(thing) else fresh(tape, np.asarray(thing), None)


def emitted(
    tape: Tape, name: str, result: Any, inputs: tuple[int, ...], **attributes: Any
) -> RecordingArray:
    """Emit a primitive whose real result is `result`, and return the recording array for it."""
    result = np.asarray(result)
    if result.dtype.kind not in "fbiu":
        tape.refuse(f"a result of dtype {result.dtype}", "only real numbers can be recorded")
    return fresh(tape, result, tape.emit(name, inputs, result.shape, result.dtype, **attributes))


def refuse_options(tape: Tape, name: str, options: dict[str, Any]) -> None:
    """Refuse keyword arguments that change what is computed; those at their defaults are none."""
    given = [option for option, value in options.items() if not _is_default(option, value)]
    if given:
        tape.refuse(f"{name}({given[0]}=...)", "this argument is not known to the recorder")


def _is_default(option: str, value: Any) -> bool:
    if value is None or value is np._NoValue:
        return True
    return (option, value) in (
        ("where", True),
        ("subok", True),
        ("order", "K"),
        ("casting", "same_kind"),
    )
