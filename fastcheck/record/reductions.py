"""Sum, mean, variance, maximum and minimum of recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from fastcheck.record.array import RecordingArray, read
from fastcheck.record.operands import array_of, emitted, refuse_options
from fastcheck.record.tape import Tape


def _reduction(primitive: str, function: Callable[..., Any]) -> Callable[..., RecordingArray]:
    def handler(
        tape: Tape, name: str, a: Any, axis: Any = None, dtype: Any = None, **options: Any
    ) -> RecordingArray:
        keepdims = _keepdims(options)
        if dtype is not None and np.dtype(dtype).kind != "f":
            tape.refuse(f"{name}(dtype={dtype})", "only floating-point sums are known")
        refuse_options(tape, name, options)
        array = array_of(tape, a)
        result = function(array.view, axis=axis, keepdims=keepdims)
        if dtype is not None:
            result = result.astype(dtype)
        axes = _axes(axis, array.ndim)
        return emitted(tape, primitive, result, (read(array),), axis=axes, keepdims=keepdims)

    return handler


def _extreme(primitive: str, function: Callable[..., Any]) -> Callable[..., RecordingArray]:
    reduce = _reduction(primitive, function)

    def handler(tape: Tape, name: str, a: Any, axis: Any = None, **options: Any) -> RecordingArray:
        return reduce(tape, name, a, axis, **options)

    return handler


def _keepdims(options: dict[str, Any]) -> bool:
    keepdims = options.pop("keepdims", False)
    return keepdims is not np._NoValue and bool(keepdims)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(sorted(int(item) % ndim for item in axes))


_sum = _reduction("sum", np.sum)
_max = _extreme("max", np.max)
_min = _extreme("min", np.min)


def _mean(tape: Tape, name: str, a: Any, axis: Any = None, **options: Any) -> Any:
    array = array_of(tape, a)
    count = prod(array.shape[item] for item in _axes(axis, array.ndim))
    return _sum(tape, name, array, axis, **options) / array.view.dtype.type(count)


def _var(tape: Tape, name: str, a: Any, axis: Any = None, ddof: int = 0, **options: Any) -> Any:
    array = array_of(tape, a)
    keepdims = _keepdims(options)
    refuse_options(tape, name, options)
    count = prod(array.shape[item] for item in _axes(axis, array.ndim))
    centred = array - _mean(tape, name, array, axis, keepdims=True)
    squares = _sum(tape, name, np.square(centred), axis, keepdims=keepdims)
    return squares / array.view.dtype.type(count - ddof)


def _std(tape: Tape, name: str, a: Any, axis: Any = None, **options: Any) -> Any:
    return np.sqrt(_var(tape, name, a, axis, **options))


def _place(tape: Tape, name: str, *args: Any, **options: Any) -> RecordingArray:
    tape.refuse(name, "which element it finds depends on the parameters; use a mask or np.where")


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
