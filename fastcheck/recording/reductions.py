"""Sum, mean, variance, maximum and minimum of recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, read
from fastcheck.recording.operands import array_of, emitted, refuse_options
from fastcheck.recording.places import Places
from fastcheck.recording.tape import Tape


def _sum(
    tape: Tape,
    name: str,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **options: Any,
) -> RecordingArray:
    refuse_options(tape, name, {"out": out, **options})
    if dtype is not None and np.dtype(dtype).kind != "f":
        tape.refuse(f"{name}(dtype={dtype})", "only floating-point sums are known")
    function = partial(np.sum, dtype=dtype)
    return _reduced(tape, "sum", function, array_of(tape, a), axis, keepdims)


def _extreme(primitive: str, function: Callable[..., Any]) -> Callable[..., RecordingArray]:
    def handler(
        tape: Tape,
        name: str,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        **options: Any,
    ) -> RecordingArray:
        refuse_options(tape, name, {"out": out, **options})
        return _reduced(tape, primitive, function, array_of(tape, a), axis, keepdims)

    return handler


def _reduced(
    tape: Tape,
    primitive: str,
    function: Callable[..., Any],
    array: RecordingArray,
    axis: Any,
    keepdims: Any,
) -> RecordingArray:
    keepdims = _is_true(keepdims)
    result = function(array.view, axis=axis, keepdims=keepdims)
    axes = _axes(axis, array.ndim)
    return emitted(tape, primitive, result, (read(array),), axis=axes, keepdims=keepdims)


def _is_true(keepdims: Any) -> bool:
    return keepdims is not np._NoValue and bool(keepdims)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(item) % ndim for item in axes))


_max = _extreme("max", np.max)
_min = _extreme("min", np.min)


def _mean(tape: Tape, name: str, a: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
    array = array_of(tape, a)
    return _divided(_sum(tape, name, array, axis, *args, **options), _count(array, axis))


def _var(
    tape: Tape,
    name: str,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    **options: Any,
) -> Any:
    refuse_options(tape, name, {"dtype": dtype, "out": out, **options})
    array = array_of(tape, a)
    centred = array - _mean(tape, name, array, axis, keepdims=True)
    squares = _sum(tape, name, np.square(centred), axis, keepdims=keepdims)
    return _divided(squares, _count(array, axis) - ddof)


def _std(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
    return np.sqrt(_var(tape, name, a, *args, **options))


def _count(array: RecordingArray, axis: Any) -> int:
    return prod(array.shape[item] for item in _axes(axis, array.ndim))


def _divided(total: RecordingArray, count: Any) -> Any:
    """Return ``total / count``, in the total's precision where that is floating point."""
    return total / total.dtype.type(count)


def _place(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Places:
    refuse_options(tape, name, {"out": options.pop("out", None)})
    array = array_of(tape, a)
    find = getattr(np, name.rpartition(".")[2])
    return Places(tape, name, np.asarray(find(array.view, *args, **options)))


UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: lambda tape, name, a, axis=0, **options: _sum(tape, name, a, axis, **options),
    np.maximum: lambda tape, name, a, axis=0, **options: _max(tape, name, a, axis, **options),
    np.minimum: lambda tape, name, a, axis=0, **options: _min(tape, name, a, axis, **options),
}
FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.var: _var,
    np.std: _std,
    np.max: _max,
    np.amax: _max,
    np.min: _min,
    np.amin: _min,
    np.argmax: _place,
    np.argmin: _place,
    np.argsort: _place,
}
METHODS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "var": _var,
    "std": _std,
    "max": _max,
    "min": _min,
    "argmax": _place,
    "argmin": _place,
    "argsort": _place,
}
