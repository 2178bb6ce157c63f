"""From a NumPy call on recording arrays to the handler that records it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.record import elementwise, linear, reductions, structural
from fastcheck.record.array import RecordingArray, fresh, is_recording
from fastcheck.record.indexing import set_item
from fastcheck.record.tape import Tape
from fastcheck.record.unwrap import moving, unwrapped

Handler = Callable[..., Any]

UFUNCS: dict[np.ufunc, Handler] = {**elementwise.UFUNCS, np.matmul: linear.matmul}
REDUCING_UFUNCS: dict[np.ufunc, Handler] = reductions.UFUNCS
FUNCTIONS: dict[Callable[..., Any], Handler] = {
    **elementwise.FUNCTIONS,
    **linear.FUNCTIONS,
    **reductions.FUNCTIONS,
    **structural.FUNCTIONS,
}
METHODS: dict[str, Handler] = {
    "fill": lambda tape, name, array, value: set_item(array, ..., value),
    **elementwise.METHODS,
    **linear.METHODS,
    **reductions.METHODS,
    **structural.METHODS,
}


def call_ufunc(
    tape: Tape, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Record ``ufunc.method(*inputs, **options)``, or compute it where only constants take part."""
    out = options.pop("out", None)
    if not moving((inputs, options)):
        result = _constant_result(tape, getattr(ufunc, method), inputs, options)
    else:
        table = {"__call__": UFUNCS, "reduce": REDUCING_UFUNCS}.get(method, {})
        handler = table.get(ufunc)
        name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        if handler is None:
            tape.refuse(name, "this operation is not known to the recorder")
        result = _handled(tape, handler, name, inputs, options)
    return result if out is None else _into(tape, out[0], result)


def call_function(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Record a call of a NumPy function that is not a ufunc."""
    out = options.pop("out", None)
    name = f"np.{function.__name__}"
    handler = FUNCTIONS.get(function)
    if function in structural.FUNCTIONS or moving((args, options)):
        if handler is None:
            tape.refuse(name, "this function is not known to the recorder")
        result = _handled(tape, handler, name, args, options)
    else:
        result = _constant_result(tape, function, args, options)
    return result if out is None else _into(tape, out, result)


def method(array: RecordingArray, name: str) -> Any:
    """Return ndarray's attribute `name` of a recording array: a method that records, as a rule."""
    tape = array.storage.tape
    attribute = getattr(array.view, name)
    if not callable(attribute):
        if array.storage.moves:
            tape.refuse(f"ndarray.{name}", "this attribute is not known to the recorder")
        return attribute
    handler = METHODS.get(name)

    def call(*args: Any, **options: Any) -> Any:
        if name not in structural.METHODS and not moving((array, args, options)):
            return _constant_result(tape, attribute, args, options)
        if handler is None:
            tape.refuse(f"ndarray.{name}", "this method is not known to the recorder")
        return _handled(tape, handler, f"ndarray.{name}", (array, *args), options)

    return call


def _handled(
    tape: Tape, handler: Handler, name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    out = options.pop("out", None)
    result = handler(tape, name, *args, **options)
    return result if out is None else _into(tape, out, result)


def _into(tape: Tape, target: Any, result: Any) -> Any:
    """Write a result where ``out=`` or an in-place operator wants it."""
    if is_recording(target):
        set_item(target, ..., result)
        return target
    if moving(result):
        tape.refuse(
            "a write into a plain array",
            "the array was made where the recorder cannot see it; make it in the loss by np.zeros",
        )
    target[...] = unwrapped(result)
    return target


def _constant_result(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Call NumPy on the real arrays and wrap the array that comes out."""
    result = function(*unwrapped(args), **unwrapped(options))
    if isinstance(result, np.ndarray) and result.dtype.kind in "fiub":
        return fresh(tape, result, None)
    return result
