"""Inputs, scores, targets, dtypes and factors: what may be given, and as what it is used.

Values are looked at only in plain arrays, where no parameter reaches them: the forward must
stay recordable, also where x or t are another network's output.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import InvalidArgument, InvalidType, unknown_choice
from fastcheck.nn.protocols import Array

__all__ = [
    "as_factor",
    "as_inputs",
    "as_network_targets",
    "as_scores",
    "as_targets",
    "float_dtype",
]

_DTYPES = ("float64", "float32")


def float_dtype(dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """Return the native dtype that is meant.

    Raises
    ------
    UnknownChoice
        If it is neither float64 nor float32.
    """
    try:
        # np.dtype(None) would be float64, which nobody asked for.
        name = "" if dtype is None else np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in _DTYPES:
        raise unknown_choice("dtype", dtype, _DTYPES)
    meant: np.dtype[Any] = np.dtype(name)
    return meant


def as_factor(name: str, value: object, *, below: float = math.inf, remedy: str) -> float:
    """Return `value` as a Python float that is >= 0 and < `below`.

    A Python float, because a NumPy float64 scalar would turn float32 arrays into float64 ones.

    Raises
    ------
    InvalidType
        If `value` is not a real number; a bool is none.
    InvalidArgument
        If it is out of range.
    """
    message = f"{name}={value!r} must be a number >= 0 and < {below}; {remedy}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidType(message)
    number = float(value)
    if not 0 <= number < below:
        raise InvalidArgument(message)
    return number


def as_inputs(x: npt.ArrayLike, inputs: int, dtype: np.dtype[Any]) -> Array:
    """Return x as an array of shape (N, inputs), N >= 1, of the network's dtype.

    Raises
    ------
    InvalidType
        If `x` is not real.
    InvalidArgument
        If `x` is not of that shape, or not finite in that dtype.
    """
    x = _as_real("x", x)
    if x.ndim != 2 or x.shape[1] != inputs:
        raise InvalidArgument(
            f"x.shape={x.shape} must be (N, {inputs}), as the first Affine has "
            f"{inputs} inputs; give one row per sample, e.g. x.reshape(-1, {inputs})"
        )
    if x.shape[0] < 1:
        raise InvalidArgument(
            f"x.shape={x.shape} must have at least one row; give at least one sample"
        )
    return _as_finite("x", x, dtype)


def as_scores(z: npt.ArrayLike) -> Array:
    """Return z as a floating array of shape (N, C), N and C >= 1.

    Raises
    ------
    InvalidType
        If `z` is not real.
    InvalidArgument
        If `z` is not of that shape.
    """
    z = _as_real("z", z)
    if z.ndim != 2 or 0 in z.shape:
        raise InvalidArgument(
            f"z.shape={z.shape} must be (N, C) with N, C >= 1; give one row of scores per sample"
        )
    return z if z.dtype.kind == "f" else z.astype(np.float64)


def as_targets(t: npt.ArrayLike, samples: int, classes: int, dtype: np.dtype[Any]) -> Array:
    """Return integer labels (N,) as they are, other targets (N, C) as `dtype`.

    Raises
    ------
    InvalidType
        If `t` is not real, or labels are not integers.
    InvalidArgument
        If `t` does not match N and C, or a label lies outside 0..C-1.
    """
    t = _checked_targets(t, samples, classes)
    return t if t.ndim == 1 else _as_dtype(t, dtype)


def as_network_targets(
    t: npt.ArrayLike, samples: int, classes: int, dtype: np.dtype[Any], *, probabilities: bool
) -> Array:
    """Return what `as_targets` does, for rows that are finite and, if asked, `probabilities`.

    A row's sum may miss 1 by the rounding of C numbers in `dtype` or in t's own dtype.

    Raises
    ------
    InvalidType, InvalidArgument
        As `as_targets`, or if a row is not finite or not probabilities.
    """
    t = _checked_targets(t, samples, classes)
    if t.ndim == 1:
        return t
    targets = _as_finite("t", t, dtype)
    if probabilities and not _is_recording(t):
        _check_probabilities(t, dtype)
    return targets


def _checked_targets(t: npt.ArrayLike, samples: int, classes: int) -> Array:
    t = _as_real("t", t)
    if t.shape not in ((samples,), (samples, classes)):
        raise InvalidArgument(
            f"t.shape={t.shape} must be ({samples},) for labels or ({samples}, "
            f"{classes}) for one-hot or soft targets; give one target per row of x"
        )
    if t.ndim == 2:
        return t
    if t.dtype.kind not in "iu":
        raise InvalidType(
            f"t.dtype={t.dtype} must be an integer dtype for labels; convert them with "
            f"t.astype(int), or give targets of shape ({samples}, {classes})"
        )
    outside = np.flatnonzero((t < 0) | (t >= classes))
    if outside.size:
        first = int(outside[0])
        raise InvalidArgument(
            f"t[{first}]={t[first]} must be within 0..{classes - 1}; "
            f"correct the label or give the network more than {classes} outputs"
        )
    return t


def _check_probabilities(t: Array, dtype: np.dtype[Any]) -> None:
    remedy = (
        f"give integer labels of shape ({len(t)},), one-hot rows or rows of probabilities, "
        "or use MeanSquaredError"
    )
    index = _first(t < 0)
    if index is not None:
        raise InvalidArgument(f"{_entry('t', t, index)} must not be negative; {remedy}")
    # Each of C entries and the sum itself round; 4 is slack.
    dtypes = [dtype, t.dtype] if t.dtype.kind == "f" else [dtype]
    tolerance = 4 * t.shape[1] * max(float(np.finfo(kind).eps) for kind in dtypes)
    sums: Array = np.asarray(np.sum(t, axis=1, dtype=np.float64))
    index = _first(np.abs(sums - 1) > tolerance)
    if index is not None:
        raise InvalidArgument(f"t[{index[0]}].sum()={sums[index]} must be 1; {remedy}")


def _is_recording(value: object) -> bool:
    # A recording array only claims to be an ndarray.
    return isinstance(value, np.ndarray) and not issubclass(type(value), np.ndarray)


def _first(mask: npt.NDArray[np.bool_]) -> tuple[int, ...] | None:
    """Return the index of the first True, or None."""
    if not mask.any():
        return None
    return tuple(int(i) for i in np.unravel_index(np.argmax(mask), mask.shape))


def _entry(name: str, array: Array, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]={array[index]}"


def _as_finite(name: str, given: Array, dtype: np.dtype[Any]) -> Array:
    """Return `given` as `dtype`, in which a plain array must be finite."""
    with np.errstate(over="ignore"):  # found below, and with its index
        array = _as_dtype(given, dtype)
    if _is_recording(array):
        return array
    index = _first(~np.isfinite(array))
    if index is not None:
        raise InvalidArgument(
            f"{_entry(name, given, index)} must be finite in {dtype}; "
            "correct it or leave that sample out"
        )
    return array


def _as_real(name: str, value: npt.ArrayLike) -> Array:
    if _is_recording(value):
        # np.asarray would end the recording. Real subclasses do go through it: np.matrix
        # redefines `*`.
        array: Array = value  # type: ignore[assignment]  # which mypy cannot see
    else:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise InvalidArgument(
                f"{name}={value!r} must be an array, but its rows differ in shape; "
                "give rows of equal length"
            ) from error
    if array.dtype.kind not in "fiub":
        raise InvalidType(
            f"{name}.dtype={array.dtype} must be a real dtype; convert {name}, "
            f"e.g. with {name}.astype(float)"
        )
    return array


def _as_dtype(array: Array, dtype: np.dtype[Any]) -> Array:
    return array if array.dtype == dtype else array.astype(dtype)
