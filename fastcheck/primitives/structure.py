"""The structural primitives: every rearrangement of elements is a gather with an index map.

Reshape, transpose, slice, fancy index, broadcast, repeat, concatenate, im2col are all ``out[i] =
a[index[i]]``; a write into part of an array is the same over two sources laid end to end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.primitives.base import FAMILY_SIZE, Form, Lowering, Primitive
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.running_error import Bound, Operands, is_exact
from fastcheck.primitives.spread import spread_indexed, spread_reshape

FAMILY = 5
GATHER, MERGE, RESHAPE = range(FAMILY * FAMILY_SIZE, FAMILY * FAMILY_SIZE + 3)


@kernel
def run(code: int, a: Any, b: Any, out: Any, index: Any) -> None:
    """Fill ``out[i] = a[index[i]]``, for MERGE with `b` following `a`."""
    if code == GATHER:
        for i in range(out.size):
            out[i] = a[index[i]]
    else:
        split = a.size
        for i in range(out.size):
            j = index[i]
            out[i] = a[j] if j < split else b[j - split]


def _gather(a: NDArray[Any], *, index: NDArray[np.int64]) -> NDArray[Any]:
    return a.reshape(-1)[index]


def _merge(a: NDArray[Any], b: NDArray[Any], *, index: NDArray[np.int64]) -> NDArray[Any]:
    return np.concatenate([a.reshape(-1), b.reshape(-1)])[index]


def _reshape(a: NDArray[Any], *, shape: tuple[int, ...]) -> NDArray[Any]:
    return a.reshape(shape)


def _indexed_error(
    operands: Operands,
    errors: Sequence[Bound],
    result: NDArray[Any],
    u: float,
    *,
    index: NDArray[np.int64],
) -> Bound:
    if all(is_exact(error) for error in errors):
        return 0.0
    flat = [
        np.broadcast_to(error, operand.shape).reshape(-1)
        for operand, error in zip(operands, errors, strict=True)
    ]
    return (flat[0] if len(flat) == 1 else np.concatenate(flat))[index]


def _reshape_error(
    operands: Operands,
    errors: Sequence[Bound],
    result: NDArray[Any],
    u: float,
    *,
    shape: tuple[int, ...],
) -> Bound:
    return errors[0] if is_exact(errors[0]) else np.reshape(errors[0], shape)


def _lower_indexed(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    sources = tuple(lowering.span(value) for value in inputs)
    index = np.ravel(attributes["index"])
    lowering.emit(code, lowering.span(output), sources, index=index)


def _lower_reshape(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
) -> None:
    lowering.share(output, inputs[0])


PRIMITIVES = (
    Primitive(
        "gather",
        GATHER,
        _gather,
        _lower_indexed,
        spread_indexed,
        form=Form.GATHER,
        error=_indexed_error,
    ),
    Primitive(
        "merge",
        MERGE,
        _merge,
        _lower_indexed,
        spread_indexed,
        form=Form.GATHER,
        error=_indexed_error,
    ),
    Primitive(
        "reshape",
        RESHAPE,
        _reshape,
        _lower_reshape,
        spread_reshape,
        form=Form.RESHAPE,
        error=_reshape_error,
    ),
)
