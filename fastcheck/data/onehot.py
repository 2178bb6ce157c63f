"""One-hot targets from integer labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import InvalidArgument, InvalidType, check_integer

__all__ = ["one_hot"]


def one_hot(
    labels: npt.ArrayLike, classes: int, dtype: npt.DTypeLike = "float64"
) -> npt.NDArray[Any]:
    """Return 1 in the column of each row's label and 0 elsewhere.

    Parameters
    ----------
    labels : array_like, shape (N,), integer
        Labels within 0..classes-1. N may be 0.
    classes : int
        Number of columns C.
    dtype : dtype, optional
        A real dtype.

    Returns
    -------
    ndarray, shape (N, C), dtype `dtype`

    Raises
    ------
    InvalidType
        If `labels` or `classes` are not integers, or `dtype` is not a real dtype.
    InvalidArgument
        If `labels` is not one-dimensional or a label lies outside 0..classes-1.
    """
    classes = check_integer("classes", classes, minimum=1, remedy="give the number of classes")
    result_dtype = _real_dtype(dtype)
    given = np.asarray(labels)
    if given.ndim != 1:
        raise InvalidArgument(f"labels.shape={given.shape} must be (N,); flatten them with ravel()")
    if given.size and given.dtype.kind not in "iu":
        raise InvalidType(
            f"labels.dtype={given.dtype} must be an integer dtype; convert them with astype(int)"
        )
    outside = np.flatnonzero((given < 0) | (given >= classes))
    if outside.size:
        first = int(outside[0])
        raise InvalidArgument(
            f"labels[{first}]={given[first]} must be within 0..{classes - 1}; "
            "correct the label or give more classes"
        )
    columns = np.arange(classes)
    result: npt.NDArray[Any] = (given[:, np.newaxis] == columns).astype(result_dtype)
    return result


def _real_dtype(dtype: npt.DTypeLike) -> np.dtype[Any]:
    message = f"dtype={dtype!r} must be a real dtype; give for example 'float64'"
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise InvalidType(message) from None
    if found.kind not in "fiub":
        raise InvalidType(message)
    return found
