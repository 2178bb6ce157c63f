"""NumPy's rearranging functions and methods on recording arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcheck.recording.array import RecordingArray, fresh, is_recording
from fastcheck.recording.indexing import set_item
from fastcheck.recording.operands import array_of, refuse_options
from fastcheck.recording.rearrange import constant_result, rearranged
from fastcheck.recording.tape import Tape
from fastcheck.recording.unwrap import moving, unwrapped

_DEFAULT = object()


def _function(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
        rest, named = _constants(tape, name, args, options)
        return rearranged(tape, lambda item: function(item, *rest, **named), [array_of(tape, a)])

    return handler


def _joining(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, arrays: Any, axis: Any = _DEFAULT, **options: Any) -> Any:
        refuse_options(tape, name, options)
        sources = [array_of(tape, item) for item in arrays]
        named = {} if axis is _DEFAULT else {"axis": axis}
        return rearranged(tape, lambda *items: function(items, **named), sources)

    return handler


def _append(tape: Tape, name: str, arr: Any, values: Any, axis: Any = None) -> Any:
    sources = [array_of(tape, arr), array_of(tape, values)]
    return rearranged(tape, lambda a, b: np.append(a, b, axis), sources)


def _method(name: str) -> Callable[..., Any]:
    def handler(tape: Tape, label: str, a: RecordingArray, *args: Any, **options: Any) -> Any:
        rest, named = _constants(tape, label, args, options)
        return rearranged(tape, lambda item: getattr(item, name)(*rest, **named), [a])

    return handler


def _constants(
    tape: Tape, name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that say which elements go where: plain, since no parameter may."""
    if moving((args, options)):
        tape.refuse(f"{name} to places", "they depend on the parameters")
    return unwrapped(args), unwrapped(options)


def _copy(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
    return rearranged(tape, lambda item: item.copy(), [array_of(tape, a)])


def _pad(
    tape: Tape, name: str, a: Any, pad_width: Any, mode: Any = "constant", **options: Any
) -> Any:
    constant = options.pop("constant_values", 0)
    refuse_options(tape, name, options)
    array = array_of(tape, a)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return rearranged(tape, lambda item: np.pad(item, pad_width, mode), [array])
    if mode != "constant":
        tape.refuse(f"{name}(mode={mode!r})", "it computes new values, and only copies are known")
    if np.size(constant) != 1:
        tape.refuse(f"{name}(constant_values=...)", "only one value for all sides is known")
    inside = np.pad(np.ones(array.shape, bool), pad_width)
    padded = fresh(tape, np.zeros(inside.shape, array.dtype), None)
    padded[...] = constant
    padded[inside] = array.reshape(-1)
    return padded


def _copyto(
    tape: Tape, name: str, dst: Any, src: Any, casting: Any = None, where: Any = True
) -> None:
    if not is_recording(dst):
        tape.refuse(name, "it writes into an array that the recorder does not know")
    set_item(dst, ..., src if where is True else np.where(where, src, dst))


def _shape_of(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
        return function(unwrapped(a), *args, **options)

    return handler


def _filled_like(function: Callable[..., Any]) -> Callable[..., Any]:
    def handler(tape: Tape, name: str, a: Any, *args: Any, **options: Any) -> Any:
        return constant_result(tape, function(unwrapped(a), *args, **options))

    return handler


def _full_like(tape: Tape, name: str, a: Any, fill_value: Any, *args: Any, **options: Any) -> Any:
    made = fresh(tape, np.empty_like(unwrapped(a), *args, **options), None)
    made[...] = fill_value
    return made


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
    np.dsplit,
    np.tril,
    np.triu,
    np.lib.stride_tricks.sliding_window_view,
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
        for function in (np.zeros_like, np.ones_like, np.empty_like)
    },
    np.append: _append,
    np.copy: _copy,
    np.copyto: _copyto,
    np.full_like: _full_like,
    np.pad: _pad,
}
METHODS: dict[str, Callable[..., Any]] = {
    **{name: _method(name) for name in _REARRANGING_METHODS},
    "copy": _copy,
}
