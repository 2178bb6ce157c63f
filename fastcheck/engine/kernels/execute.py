"""The incremental engine's interpreter: instructions over rows of differences."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.cross_entropy_moves import move_cross_entropies
from fastcheck.engine.kernels.element_moves import move_elements, move_extremes
from fastcheck.engine.kernels.layout import (
    CROSS_ENTROPY,
    DENSE,
    DENSE_LANED,
    DIRECT,
    ELEMENT,
    EXPAND,
    EXTREME,
    KIND,
    PRODUCT,
    ROW_GRAIN,
    SCALE,
    SEED,
    SUM,
)
from fastcheck.engine.kernels.linear_moves import (
    add_products,
    add_rows,
    direct,
    expand,
    multiply_dense,
    multiply_dense_laned,
    scale_rows,
    seed,
)
from fastcheck.primitives.jit import kernel


@kernel
def row_size(used: int) -> int:
    """Return how many places a row of so many lanes has."""
    return -(-used // ROW_GRAIN) * ROW_GRAIN


@kernel
def execute(
    route: Any,
    first: int,
    last: int,
    buffers: Any,
    units: Any,
    panels: Any,
    sample: int,
    general: bool,
) -> None:
    """Run the instructions ``first <= i < last``.

    Parameters
    ----------
    route, buffers
        See `fastcheck.engine.kernels.arguments`; a row has `row_size` places.
    units
        int64 (width,): the running lanes.
    panels
        int64: the panels side by side. More than one only where base values do not depend on it.
    sample
        Which sample.
    general
        Use the exact rules only, for steps of any size.
    """
    replicas = panels.size * buffers.steps.size
    width = units.size
    size = row_size(replicas * width)
    panel = panels[0]
    for i in range(first, last):
        instruction = route.instructions[i]
        kind = instruction[KIND]
        # Shared kernels last: they are asked for in this order, and another process builds them.
        if kind == SEED:
            seed(instruction, route, buffers, panels, sample, width, size)
        elif kind == DENSE_LANED:
            multiply_dense_laned(instruction, route, buffers, width, replicas, size)
        elif kind == DENSE:
            multiply_dense(instruction, route, buffers, sample, panel, size)
        elif kind == SUM:
            add_rows(instruction, route, buffers, size)
        elif kind == SCALE:
            scale_rows(instruction, route, buffers, units, sample, panel, replicas, size)
        elif kind == PRODUCT:
            add_products(instruction, route, buffers, size)
        elif kind == EXPAND:
            expand(instruction, route, buffers, units, replicas, size)
        elif kind == DIRECT:
            direct(instruction, buffers, width, size)
        elif kind == ELEMENT:
            move_elements(
                instruction, route, buffers, units, sample, panel, replicas * width, size, general
            )
        elif kind == EXTREME:
            move_extremes(instruction, route, buffers, units, sample, panel, replicas * width, size)
        elif kind == CROSS_ENTROPY:
            move_cross_entropies(
                instruction, route, buffers, sample, panel, replicas * width, size, general
            )
