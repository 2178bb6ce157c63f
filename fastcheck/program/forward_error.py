"""How far rounding may have taken every value of the user's own forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import Form
from fastcheck.primitives.running_error import (
    Bound,
    Operands,
    is_exact,
    largest,
    rounding,
    unit_roundoff,
)
from fastcheck.program.program import Operation, Program

# Forms whose result is infinite where an operand is, whatever the others are.
_ABSORBING = {Form.LINEAR, Form.SIDED, Form.SUM, Form.EXTREME}


def forward_errors(program: Program, arrays: Mapping[int, NDArray[np.float64]]) -> dict[int, Bound]:
    """Return a bound on the error of every value, by its number.

    The error is that of the user's code, which computed the value in the value's dtype, relative to
    exact arithmetic on the given parameters and constants. It is at most ALLOWANCE, which is 2,
    times the bound; see `fastcheck.primitives.running_error`.

    Parameters
    ----------
    program
        The recorded loss.
    arrays
        Every value by its number, as of `fastcheck.program.values_at`.

    Returns
    -------
    dict of int to ndarray or float
        float64, of the value's shape; the number 0.0 for what is exact (parameters, constants, what
        is computed from these without rounding). inf where nothing can be said, also where the
        value may have overflowed in the user's dtype.
    """
    errors: dict[int, Bound] = dict.fromkeys(arrays, 0.0)
    with np.errstate(all="ignore"):
        for operation in program.operations:
            errors[operation.output] = _bound(program, operation, arrays, errors)
    return errors


def _bound(
    program: Program,
    operation: Operation,
    arrays: Mapping[int, NDArray[np.float64]],
    errors: Mapping[int, Bound],
) -> Bound:
    dtypes = [program.values[number].dtype for number in operation.inputs]
    dtype = program.values[operation.output].dtype
    operands = [arrays[number] for number in operation.inputs]
    brought = [
        _on_entry(array, errors[number], own, _arithmetic(dtype, dtypes, array))
        for number, array, own in zip(operation.inputs, operands, dtypes, strict=True)
    ]
    result = arrays[operation.output]
    u = unit_roundoff(dtype)
    bound = operation.primitive.error(operands, brought, result, u, **operation.attributes)
    if is_exact(bound):
        return 0.0
    # A bound is at least u times the result, or the sum of the sizes that went into it: from here
    # on something may have overflowed. The comparison is false also for a nan.
    limit = u * float(np.finfo(dtype).max) if u else np.inf
    if largest(bound) < limit:
        return bound
    return _at_the_limits(operation, operands, brought, result, np.asarray(bound), limit)


def _arithmetic(
    dtype: np.dtype[Any], operands: Sequence[np.dtype[Any]], array: NDArray[np.float64]
) -> np.dtype[Any]:
    """Return the dtype in which an operation computes that takes `array`.

    It is the result's. An answer says nothing of that: there a number by itself may have been
    rounded to the coarsest of the operands (``x32 > 0.1``), or not, where it was an array.
    """
    if dtype.kind == "f" or array.ndim:
        return dtype
    return max((dtype, *operands), key=unit_roundoff)


def _on_entry(
    array: NDArray[np.float64], error: Bound, own: np.dtype[Any], arithmetic: np.dtype[Any]
) -> Bound:
    """Return an operand's bound once it is rounded to the dtype of the arithmetic.

    Python's numbers beside float32, whole numbers, ``astype`` and writes into a float32 array.
    """
    u = unit_roundoff(arithmetic)
    if own.kind == "b" or unit_roundoff(own) >= u or u <= 2.0**-53:
        return error
    if not is_exact(error):
        return error + rounding(array, u)
    rounded = array.astype(arithmetic).astype(np.float64)
    same = rounded == array  # of an infinity the difference would be nan
    return 0.0 if np.all(same) else np.where(same, 0.0, np.abs(rounded - array))


def _at_the_limits(  # noqa: PLR0917 - the rules' own arguments, and two more
    operation: Operation,
    operands: Operands,
    errors: Sequence[Bound],
    result: NDArray[np.float64],
    bound: NDArray[np.float64],
    limit: float,
) -> Bound:
    """Return the bound with inf where anything may have overflowed, and exact infinities as such.

    A result is exactly infinite where an operand is so exactly (a mask of -inf) and no other can
    change that.
    """
    bound = np.where(bound < limit, bound, np.inf)
    if not np.any(np.isinf(result)):
        return bound
    shapes = [operand.shape for operand in operands]
    full = [np.broadcast_to(e, shape) for e, shape in zip(errors, shapes, strict=True)]
    infinite = [np.isinf(a) & (e == 0) for a, e in zip(operands, full, strict=True)]
    absorbing = operation.primitive.form in _ABSORBING
    disturbing = [np.isinf(e) if absorbing else e > 0 for e in full]
    spread, attributes = operation.primitive.spread, operation.attributes
    sure = spread(np.logical_or, infinite, shapes, result.shape, **attributes)
    shaken = spread(np.logical_or, disturbing, shapes, result.shape, **attributes)
    return np.where(np.isinf(result) & sure & ~shaken, 0.0, bound)
