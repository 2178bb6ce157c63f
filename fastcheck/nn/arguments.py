"""Inputs, scores, targets and dtypes: what may be given, and as what it is used.

Only shapes, dtypes and targets are looked at, never a value that depends on parameters:
the forward must stay recordable.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import InvalidArgument, InvalidType, unknown_choice
from fastcheck.nn.protocols import Array

__all__ = ["as_inputs", "as_scores", "as_targets", "float_dtype"]

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


def as_inputs(x: npt.ArrayLike, inputs: int, dtype: np.dtype[Any]) -> Array:
    """Return x as an array of shape (N, inputs), N >= 1, of the network's dtype.

    Raises
    ------
    InvalidType
        If `x` is not real.
    InvalidArgument
        If `x` is not of that shape.
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
    return _as_dtype(x, dtype)


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
    t = _as_real("t", t)
    if t.shape not in ((samples,), (samples, classes)):
        raise InvalidArgument(
            f"t.shape={t.shape} must be ({samples},) for labels or ({samples}, "
            f"{classes}) for one-hot or soft targets; give one target per row of x"
        )
    if t.ndim == 2:
        return _as_dtype(t, dtype)
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


def _as_real(name: str, value: npt.ArrayLike) -> Array:
    if isinstance(value, np.ndarray) and not issubclass(type(value), np.ndarray):
        # A recording array only claims to be an ndarray; np.asarray would end the
        # recording. Real subclasses do go through it: np.matrix redefines `*`.
        array: Array = value
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
