"""From an elementwise operation of any shapes to one instruction over folded loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcheck.primitives.base import Lowering, Span
from fastcheck.primitives.loops import Shape, broadcast_index, fold_broadcast
from fastcheck.primitives.structure import GATHER


def broadcast_span(lowering: Lowering, value: int, shape: Shape) -> Span:
    """Return the value's elements repeated to `shape`, gathered where they are not so already."""
    own = lowering.shape(value)
    source = lowering.span(value)
    if own == shape:
        return source
    index = broadcast_index(own, shape)
    out = lowering.temporary(index.size)
    lowering.emit(GATHER, out, (source,), index=index)
    return out


def lower_elementwise(
    lowering: Lowering,
    code: int,
    inputs: tuple[int, ...],
    output: int,
    attributes: Mapping[str, Any],
    *,
    decides: bool = False,
) -> None:
    """Emit one elementwise instruction; with `decides`, every element notes a switch."""
    shape = lowering.shape(output)
    out = lowering.span(output)
    dims = fold_broadcast(shape, tuple(lowering.shape(value) for value in inputs))
    if dims is not None:
        spans = tuple(lowering.span(value) for value in inputs)
    else:
        spans = tuple(broadcast_span(lowering, value, shape) for value in inputs)
        dims = (1, out.size, *(step for _ in inputs for step in (0, 1)))
    lowering.emit(code, out, spans, dims, decisions=out.size if decides else 0)
