"""From a NumPy call on recording arrays to the handler that records it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.recording import elementwise, linear, reductions, structural
from fastcheck.recording.array import RecordingArray, is_recording
from fastcheck.recording.indexing import set_item
from fastcheck.recording.rearrange import constant_result
from fastcheck.recording.tape import Tape
from fastcheck.recording.unwrap import moving, unwrapped

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
    if not moving((inputs, options)):
        return _on_constants(tape, getattr(ufunc, method), inputs, options)
    table = {"__call__": UFUNCS, "reduce": REDUCING_UFUNCS}.get(method, {})
    handler = table.get(ufunc)
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if handler is None:
        tape.refuse(name, "this operation is not known to the recorder; write it in simpler ones")
    where = options.pop("where", True) if method == "__call__" else True
    if where is True:
        return _handled(tape, handler, name, inputs, options)
    return _where_handled(tape, handler, name, inputs, options, where)


def call_function(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Record a call of a NumPy function that is not a ufunc."""
    if function not in structural.FUNCTIONS and not moving((args, options)):
        return _on_constants(tape, function, args, options)
    name = f"{function.__module__}.{function.__name__}".replace("numpy.", "np.", 1)
    handler = FUNCTIONS.get(function)
    if handler is None:
        tape.refuse(name, "this function is not known to the recorder; write it in simpler ones")
    return _handled(tape, handler, name, args, options)


def method(array: RecordingArray, name: str) -> Any:
    """Return ndarray's attribute `name` of a recording array: a method that records, as a rule."""
    tape = array.storage.tape
    attribute = getattr(array.plain, name)
    if not callable(attribute):
        if array.storage.moves:
            tape.refuse(
                f"ndarray.{name}",
                "this attribute is not known to the recorder; write it in simpler ones",
            )
        return attribute
    handler = METHODS.get(name)

    def call(*args: Any, **options: Any) -> Any:
        if name not in structural.METHODS and not moving((array, args, options)):
            return _on_constants(tape, attribute, args, options)
        if handler is None:
            tape.refuse(
                f"ndarray.{name}",
                "this method is not known to the recorder; write it in simpler ones",
            )
        return _handled(tape, handler, f"ndarray.{name}", (array, *args), options)

    return call


def _handled(
    tape: Tape, handler: Handler, name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    out = _single(options.pop("out", None))
    result = handler(tape, name, *args, **options)
    return result if out is None else _into(tape, out, result)


def _where_handled(
    tape: Tape,
    handler: Handler,
    name: str,
    inputs: tuple[Any, ...],
    options: dict[str, Any],
    where: Any,
) -> Any:
    """Record a ufunc's ``where=``: elsewhere ``out`` keeps what it holds."""
    out = _single(options.pop("out", None))
    if out is None:
        tape.refuse(f"{name}(where=...) without out", "what it leaves out is undefined")
    with np.errstate(all="ignore"):  # NumPy computes, and complains of, the selected ones only
        result = handler(tape, name, *inputs, **options)
    return _into(tape, out, np.where(where, result, out))


def _single(out: Any) -> Any:
    """Return the one array of ``out=``; a ufunc's is in a tuple, and no recorded one has two."""
    return out[0] if isinstance(out, tuple) else out


def _into(tape: Tape, target: Any, result: Any) -> Any:
    """Write a result where ``out=`` or an in-place operator wants it."""
    if is_recording(target):
        if target.is_scalar:  # in-place operators give a new scalar
            return result
        set_item(target, ..., result)
        return target
    if moving(result):
        tape.refuse(
            "a write into a plain array",
            "the array was made where the recorder cannot see it; make it in the loss by np.zeros",
        )
    target[...] = unwrapped(result)
    return target


def _on_constants(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Call NumPy on the real arrays and wrap the array that comes out."""
    result = function(*unwrapped(args), **unwrapped(options))
    out = options.get("out")
    return constant_result(tape, result) if out is None else _single(out)
