"""NumPy's rearranging functions and methods on recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.record.array import RecordingArray, fresh, is_recording
from fastcheck.record.indexing import set_item
from fastcheck.record.operands import array_of, refuse_options
from fastcheck.record.rearrange import rearranged
from fastcheck.record.tape import Tape


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
        return rearranged(tape, function, (array_of(tape, a), *args), options)

    return handler


def _joining(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, arrays: Any, *args: Any, **options: Any) -> Any:
        items = [array_of(tape, item) for item in arrays]
        return rearranged(tape, function, (items, *args), options)

    return handler


def _method(name: str) -> Callable[..., Any]:
    def call(array: Any, *args: Any, **options: Any) -> Any:
        return getattr(array, name)(*args, **options)

    def handler(tape: Tape, label: str, a: RecordingArray, *args: Any, **options: Any) -> Any:
        return rearranged(tape, call, (a, *args), options)

    return handler


def _copy(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
    return rearranged(tape, np.array, (array_of(tape, a),), {"copy": True})


def _pad(
    tape: Tape, name: str, a: Any, pad_width: Any, mode: Any = "constant", **options: Any
) -> Any:
    constant = options.pop("constant_values", 0)
    refuse_options(tape, name, options)
    if mode != "constant":
        return rearranged(
            tape, lambda item: np.pad(item, pad_width, mode), (array_of(tape, a),), {}
        )
    if np.size(constant) != 1:
        tape.refuse(f"{name}(constant_values=...)", "only one value for all sides is known")
    array = array_of(tape, a)
    frame = np.pad(np.zeros(array.shape, bool), pad_width, constant_values=True)
    inside = tuple(
        slice(before, before + length)
        for (before, _), length in zip(
            np.broadcast_to(pad_width, (array.ndim, 2)).tolist(), array.shape, strict=True
        )
    )
    padded = fresh(tape, np.full(frame.shape, constant, array.dtype), None)
    set_item(padded, inside, array)
    return padded


def _shape_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
        return function(a.view if is_recording(a) else a, *args, **options)

    return handler


def _filled_like(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> RecordingArray:
        return fresh(tape, function(a.view if is_recording(a) else a, *args, **options), None)

    return handler


_REARRANGING = (
    np.reshape,
    np.ravel,
    np.transpose,
    np.swapaxes,
    np.moveaxis,
    np.rollaxis,
    np.expand_dims,
    np.squeeze,
    np.broadcast_to,
    np.repeat,
    np.tile,
    np.roll,
    np.flip,
    np.fliplr,
    np.flipud,
    np.rot90,
    np.take,
    np.take_along_axis,
    np.diag,
    np.diagonal,
    np.delete,
    np.atleast_1d,
    np.atleast_2d,
    np.split,
    np.array_split,
    np.hsplit,
    np.vsplit,
)
_JOINING = (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack)
_REARRANGING_METHODS = (
    "reshape",
    "ravel",
    "flatten",
    "transpose",
    "swapaxes",
    "squeeze",
    "repeat",
    "take",
    "diagonal",
)

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    **{function: _function(function) for function in _REARRANGING},
    **{function: _joining(function) for function in _JOINING},
    **{function: _shape_of(function) for function in (np.shape, np.ndim, np.size)},
    **{
        function: _filled_like(function)
        for function in (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
    },
    np.copy: _copy,
    np.pad: _pad,
}
METHODS: dict[str, Callable[..., Any]] = {
    **{name: _method(name) for name in _REARRANGING_METHODS},
    "copy": _copy,
}
