"""A stand-in for the module ``numpy`` in the user's globals.

NumPy's protocols are asked for functions of arrays, not for functions that make arrays:
``np.zeros`` returns plain memory into which recorded values would vanish, and ``np.array`` of a
recording array would be an escape. The stand-in returns recording arrays instead. Only the user's
own module globals see it; the module itself is never patched (compiled NumPy code calls it).
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.record.array import RecordingArray, fresh, is_recording
from fastcheck.record.tape import Tape
from fastcheck.record.unwrap import moving, recordings, unwrapped

_MAKING: tuple[Callable[..., Any], ...] = (
    np.zeros,
    np.ones,
    np.empty,
    np.full,
    np.eye,
    np.identity,
    np.linspace,
    np.zeros_like,
    np.ones_like,
    np.empty_like,
    np.full_like,
)
_CONVERTING: tuple[Callable[..., Any], ...] = (
    np.array,
    np.asarray,
    np.asanyarray,
    np.ascontiguousarray,
)


class NumpyProxy(types.ModuleType):
    """``numpy``, except for functions that make arrays."""

    def __init__(self, tape: Tape) -> None:
        super().__init__("numpy")
        self.__dict__.update(
            {function.__name__: stand_in(tape, function) for function in (*_MAKING, *_CONVERTING)}
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def stand_in(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the recording version of a NumPy function that makes arrays; None for any other."""
    if any(function is known for known in _MAKING):
        return _making(tape, function)
    if any(function is known for known in _CONVERTING):
        return _converting(tape, function)
    return None


def _making(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    def make(*args: Any, **options: Any) -> Any:
        if moving((args, options)) and not function.__name__.endswith("_like"):
            return function(*args, **options)
        return _wrapped(tape, function(*unwrapped(args), **unwrapped(options)))

    return make


def _converting(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    def convert(thing: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
        if is_recording(thing):
            return _converted(thing, dtype, copy=function is np.array and options.get("copy", True))
        if not any(recordings(thing)):
            return _wrapped(tape, function(thing, dtype, *args, **options))
        stacked = _stacked(thing)
        return stacked if dtype is None else _converted(stacked, dtype, copy=False)

    return convert


def _converted(array: RecordingArray, dtype: Any, *, copy: bool) -> Any:
    if dtype is not None and np.dtype(dtype) != array.dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def _stacked(thing: Any) -> Any:
    """Return nested lists of numbers and recording arrays as one recording array."""
    if isinstance(thing, (list, tuple)):
        return np.stack([_stacked(item) for item in thing])
    return thing


def _wrapped(tape: Tape, result: Any) -> Any:
    """Wrap float arrays; integers and masks of constants are indices and may stay plain."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return fresh(tape, result, None)
    return result
