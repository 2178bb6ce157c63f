"""One entry of what gradient returned: its type, shape, dtype and whether it is finite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.verdict import Finding


def converted(
    name: str, entry: Any, parameter: NDArray[Any]
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, list[Finding]]:
    """Return the entry as an array, a copy of that to compare with, and what is wrong.

    Both are None where it cannot be an array of real numbers; the copy where it does not have the
    parameter's shape. Masked elements are nan in the copy.
    """
    if entry is None:
        message = (
            f"gradient[{name!r}]=None, must be a float array of shape {parameter.shape}; return one"
        )
        return None, None, [Finding(name, message, kind="missing")]
    try:
        array = np.asarray(entry)
    except Exception as error:  # noqa: BLE001 - the user's class may raise anything
        message = (
            f"its gradient of type {type(entry).__name__} must be a float array, but its "
            f"conversion raises {type(error).__name__}: {error}; return a float array"
        )
        return None, None, [Finding(name, message, kind="dtype")]
    if array.dtype.kind not in "fiu":
        message = (
            f"its gradient is of dtype {array.dtype}, must be real numbers; return float arrays"
        )
        return None, None, [Finding(name, message, kind="dtype")]
    if array.shape != parameter.shape:
        message = (
            f"its gradient has shape {array.shape}, the parameter {parameter.shape}; they must "
            f"agree: {_shape_remedy(array.shape, parameter.shape)}"
        )
        return array, None, [Finding(name, message, kind="shape")]
    findings = [*_type_notes(name, entry, array, parameter), *_non_finite(name, array)]
    copy = array.copy()
    if np.ma.is_masked(entry):
        mask = np.ma.getmaskarray(entry)
        findings.append(_masked(name, mask))
        copy = np.where(mask, np.nan, copy)
    return array, copy, findings


def _shape_remedy(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if given == wanted[::-1]:
        return "return its transpose"
    if given[1:] == wanted and given[0] != 1:
        return "sum over the first axis, the batch"
    if tuple(n for n in given if n != 1) == tuple(n for n in wanted if n != 1):
        return "sum without keepdims, or reshape it"
    return "look at the sums and products that make it"


def _type_notes(
    name: str, entry: Any, array: NDArray[Any], parameter: NDArray[Any]
) -> list[Finding]:
    message = None
    if not isinstance(entry, (np.ndarray, np.generic, float)):
        message = (
            f"its gradient is of type {type(entry).__name__}, taken as an array of dtype "
            f"{array.dtype}; return a float array"
        )
    elif array.dtype.kind in "iu":
        message = (
            f"its gradient is of dtype {array.dtype}, which has no fractions; return a float array"
        )
    elif array.itemsize < parameter.itemsize:
        message = (
            f"its gradient is of dtype {array.dtype}, the parameter of {parameter.dtype}: rounded "
            f"more than need be, and judged so; compute it in {parameter.dtype} throughout"
        )
    return [] if message is None else [Finding(name, message, kind="dtype", severe=False)]


def _non_finite(name: str, array: NDArray[Any]) -> list[Finding]:
    finite = np.isfinite(array)
    if finite.all():
        return []
    nan = int(np.count_nonzero(np.isnan(array)))
    infinite = int(np.count_nonzero(~finite)) - nan
    first = [int(i) for i in np.argwhere(~finite)[0]]
    message = (
        f"its gradient holds {nan} nan and {infinite} infinite of {array.size} elements, the first "
        f"at {first}, must be finite; look for an overflow or a division by 0 in the backward"
    )
    evidence = {"nan": nan, "infinite": infinite, "total": array.size}
    return [Finding(name, message, kind="non-finite", evidence=evidence)]


def _masked(name: str, mask: NDArray[np.bool_]) -> Finding:
    count = int(np.count_nonzero(mask))
    return Finding(
        name,
        f"its gradient is a masked array with {count} of {mask.size} elements masked, must have "
        "them all; return a plain float array",
        kind="dtype",
        evidence={"elements": count, "total": mask.size},
    )
