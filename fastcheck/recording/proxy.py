"""A stand-in for the module ``numpy`` in the user's globals.

NumPy's protocols are asked for functions of arrays, not for functions that make arrays:
``np.zeros`` returns plain memory into which recorded values would vanish, and ``np.array`` of a
recording array would be an escape. Nor does NumPy ask what is in a list: ``np.sum([a, b])``. The
stand-in returns recording arrays instead. Only the user's own module globals see it; the module
itself is never patched (compiled NumPy code calls it).
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, fresh, is_recording, read
from fastcheck.recording.dispatch import FUNCTIONS, call_function
from fastcheck.recording.operands import refuse_options, stacked
from fastcheck.recording.tape import Tape
from fastcheck.recording.unwrap import has_recording, moving, unwrapped

_MAKING: frozenset[Callable[..., Any]] = frozenset(
    {np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.linspace, np.arange}
)
_CONVERTING: frozenset[Callable[..., Any]] = frozenset(
    {np.array, np.asarray, np.asanyarray, np.ascontiguousarray}
)


class NumpyProxy(types.ModuleType):
    """``numpy``, or a module inside it, except for the functions that have a stand-in."""

    def __init__(self, tape: Tape, module: types.ModuleType) -> None:
        super().__init__(module.__name__)
        self._tape = tape
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = stand_in(self._tape, getattr(self._module, name))
        setattr(self, name, found)  # the next time Python finds it by itself
        return found


def stand_in(tape: Tape, thing: Any) -> Any:
    """Return the recording version of something of NumPy's; anything else as it is."""
    if isinstance(thing, types.ModuleType):
        return NumpyProxy(tape, thing) if thing.__name__.partition(".")[0] == "numpy" else thing
    if not isinstance(thing, (types.FunctionType, types.BuiltinFunctionType, type(np.sum))):
        return thing
    makers = ((_MAKING, _making), (_CONVERTING, _converting), (FUNCTIONS, _looking_inside))
    for known, make in makers:
        if thing in known:
            return make(tape, thing)
    return thing


def _making(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    if function is np.full:
        return _filling(tape)

    def make(*args: Any, **options: Any) -> Any:
        if moving((args, options)):
            # NumPy converts them, which is an escape: refused with the line.
            return function(*args, **options)
        return _wrapped(tape, function(*unwrapped(args), **unwrapped(options)))

    return make


def _filling(tape: Tape) -> Callable[..., Any]:
    def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
        if not moving(fill_value):
            return _wrapped(
                tape, np.full(unwrapped(shape), unwrapped(fill_value), dtype, **options)
            )
        made = fresh(tape, np.empty(unwrapped(shape), dtype or fill_value.dtype), None)
        made[...] = fill_value
        return made

    return full


def _converting(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    def convert(thing: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
        if not has_recording(thing):
            return _wrapped(tape, function(thing, dtype, *args, **options))
        copy = bool(options.pop("copy", function is np.array)) and is_recording(thing)
        ndmin = options.pop("ndmin", 0)
        options.pop("order", None)  # the layout of memory, which decides no value
        refuse_options(tape, f"np.{function.__name__}", options)
        array = thing if is_recording(thing) else stacked(thing)
        return _converted(array, dtype, ndmin, copy=copy)

    return convert


def _converted(array: RecordingArray, dtype: Any, ndmin: int, *, copy: bool) -> Any:
    if array.is_scalar:  # now an array
        array, copy = fresh(array.storage.tape, array.view, read(array)), False
    if dtype is not None and np.dtype(dtype) != array.dtype:
        array, copy = array.astype(dtype), False
    if copy:
        array = array.copy()
    return array.reshape((1,) * (ndmin - array.ndim) + array.shape) if ndmin > array.ndim else array


def _looking_inside(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        if has_recording((args, options)):
            return call_function(tape, function, args, options)
        return _wrapped(tape, function(*args, **options))

    return call


def _wrapped(tape: Tape, result: Any) -> Any:
    """Wrap float arrays; integers and masks of constants are indices and may stay plain."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return fresh(tape, result, None)
    return result
