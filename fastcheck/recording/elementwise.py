"""Elementwise NumPy functions on recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, fresh, is_recording, read
from fastcheck.recording.operands import array_of, emitted, number_of, refuse_options
from fastcheck.recording.tape import Tape
from fastcheck.recording.unwrap import moving, unwrapped

# Ufuncs that are a primitive of the program under the name given.
_PRIMITIVE_OF: dict[np.ufunc, str] = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.divide: "divide",
    np.negative: "negative",
    np.reciprocal: "reciprocal",
    np.square: "square",
    np.sqrt: "sqrt",
    np.exp: "exp",
    np.expm1: "expm1",
    np.log: "log",
    np.log1p: "log1p",
    np.tanh: "tanh",
    np.logaddexp: "logaddexp",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.greater: "greater",
    np.greater_equal: "greater_equal",
    np.less: "less",
    np.less_equal: "less_equal",
    np.equal: "equal",
    np.not_equal: "not_equal",
    np.absolute: "absolute",
    np.fabs: "absolute",
    np.sign: "sign",
    np.logical_and: "logical_and",
    np.logical_or: "logical_or",
    np.logical_xor: "logical_xor",
}
_ON_MASKS: dict[np.ufunc, str] = {
    np.bitwise_and: "logical_and",
    np.bitwise_or: "logical_or",
    np.bitwise_xor: "logical_xor",
    np.add: "logical_or",
    np.multiply: "logical_and",
}
_LOGICAL = (np.logical_and, np.logical_or, np.logical_xor)
# A constant exponent for which NumPy itself takes the simpler function.
_SIMPLE_POWERS = {2.0: "square", 0.5: "sqrt", -1.0: "reciprocal"}


def _ufunc(ufunc: np.ufunc) -> Callable[..., RecordingArray]:
    def handler(tape: Tape, name: str, *inputs: Any, **options: Any) -> RecordingArray:
        refuse_options(tape, name, options)
        if ufunc in _LOGICAL:
            inputs = tuple(_as_mask(item) for item in inputs)
        result = ufunc(*unwrapped(inputs))
        primitive = _PRIMITIVE_OF.get(ufunc)
        if ufunc in _ON_MASKS and result.dtype.kind == "b":
            primitive = _ON_MASKS[ufunc]
        if primitive is None:
            tape.refuse(f"{name} on numbers", "only on boolean masks is it known to the recorder")
        return emitted(tape, primitive, result, tuple(number_of(tape, item) for item in inputs))

    return handler


def _positive(tape: Tape, name: str, a: Any, **options: Any) -> RecordingArray:
    refuse_options(tape, name, options)
    return fresh(tape, np.positive(a.plain), read(a))


def _logical_not(tape: Tape, name: str, a: Any, **options: Any) -> RecordingArray:
    refuse_options(tape, name, options)
    if name == "np.invert" and a.dtype.kind != "b":
        tape.refuse(f"{name} on numbers", "only on boolean masks is it known to the recorder")
    mask = _as_mask(a)
    one = tape.constant(np.ones(()))
    return emitted(tape, "logical_xor", np.logical_not(mask.plain), (read(mask), one))


def _power(ufunc: np.ufunc) -> Callable[..., RecordingArray]:
    def handler(tape: Tape, name: str, a: Any, b: Any, **options: Any) -> RecordingArray:
        refuse_options(tape, name, options)
        result = ufunc(*unwrapped((a, b)))
        exponent = None if moving(b) else np.asarray(unwrapped(b))
        if exponent is not None and exponent.size == 1 and result.shape == np.shape(a):
            simple = _SIMPLE_POWERS.get(float(exponent.item()))
            if simple is not None:
                return emitted(tape, simple, result, (number_of(tape, a),))
        return emitted(tape, "power", result, (number_of(tape, a), number_of(tape, b)))

    return handler


def _where(tape: Tape, name: str, condition: Any, *branches: Any) -> RecordingArray:
    if len(branches) != 2:
        tape.refuse("np.where(condition)", "which elements it selects depends on the parameters")
    inputs = (_as_mask(condition), *branches)
    result = np.where(*unwrapped(inputs))
    return emitted(tape, "where", result, tuple(number_of(tape, item) for item in inputs))


def _as_mask(condition: Any) -> Any:
    """Return the condition as a mask: a number of the network decides by whether it is 0."""
    if is_recording(condition) and condition.storage.moves and condition.dtype.kind != "b":
        return condition != 0
    return condition


def _clip(
    tape: Tape,
    name: str,
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **options: Any,
) -> RecordingArray:
    refuse_options(tape, name, options)
    low = a_min if a_min is not None else min
    high = a_max if a_max is not None else max
    result = array_of(tape, a)
    if low is not None:
        result = np.maximum(result, low)
    if high is not None:
        result = np.minimum(result, high)
    return result


def _astype(
    tape: Tape, name: str, a: RecordingArray, dtype: Any, *, copy: bool = True, **options: Any
) -> RecordingArray:
    target = np.dtype(dtype)
    if target == a.dtype and not copy:
        return a
    if target.kind == "b":
        return a != 0  # type: ignore[no-any-return]
    if target.kind not in "fiu" or (target.kind != "f" and a.dtype.kind == "f"):
        tape.refuse(f"{name}({target})", "its value depends on the parameters and would be cut off")
    # Emitted even where it changes nothing but the dtype: the tape must know of every float32.
    return emitted(tape, "reshape", a.plain.astype(target), (read(a),), shape=a.shape)


def _round_half(tape: Tape, name: str, *args: Any, **options: Any) -> RecordingArray:
    tape.refuse(name, "a rounded value has no gradient")


UFUNCS: dict[Any, Callable[..., Any]] = {
    **{ufunc: _ufunc(ufunc) for ufunc in [*_PRIMITIVE_OF, *_ON_MASKS]},
    np.positive: _positive,
    np.logical_not: _logical_not,
    np.invert: _logical_not,
    np.power: _power(np.power),
    np.float_power: _power(np.float_power),
}
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.where: _where,
    np.clip: _clip,
    np.round: _round_half,
}
METHODS: dict[str, Callable[..., Any]] = {
    "clip": _clip,
    "astype": _astype,
    "round": _round_half,
}
