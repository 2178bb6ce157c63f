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
    instructions: Any,
    first: int,
    last: int,
    tables: Any,
    memory: Any,
    slots: Any,
    most: Any,
    rows: Any,
    bounds: Any,
    flags: Any,
    moving: Any,
    members: Any,
    steps: Any,
    units: Any,
    panels: Any,
    sample: int,
    general: bool,
) -> None:
    """Run the instructions ``first <= i < last``.

    Parameters
    ----------
    instructions, tables
        int64: see `fastcheck.engine.kernels.layout`.
    memory
        float64: base values and coefficients.
    slots
        float64: the base values that differ from lane to lane, of the running lanes, slot after
        slot.
    most
        float64 (slots,): the largest size of any base value in a slot, over all samples and panels.
    rows, bounds, flags, moving, members
        Scratch: float64 rows, `size` each; float64 per row, no difference in it is
        larger; int64 per lane of a row; int64; float64 (5 n,).
    steps
        float64 (points,).
    units
        int64 (width,): the running lanes.
    panels
        int64: the panels side by side. More than one only where base values do not depend on it.
    sample
        Which sample.
    general
        Use the exact rules only, for steps of any size.
    """
    replicas = panels.size * steps.size
    width = units.size
    size = row_size(replicas * width)
    panel = panels[0]
    for i in range(first, last):
        instruction = instructions[i]
        kind = instruction[KIND]
        # Shared kernels last: they are asked for in this order, and another process builds them.
        if kind == SEED:
            seed(instruction, tables, memory, rows, bounds, steps, panels, sample, width, size)
        elif kind == DENSE_LANED:
            multiply_dense_laned(
                instruction, tables, slots, most, rows, bounds, width, replicas, size
            )
        elif kind == DENSE:
            multiply_dense(
                instruction,
                tables,
                memory,
                rows,
                bounds,
                moving,
                sample,
                panel,
                size,
            )
        elif kind == SUM:
            add_rows(instruction, tables, rows, bounds, size)
        elif kind == SCALE:
            scale_rows(
                instruction,
                tables,
                memory,
                slots,
                most,
                rows,
                bounds,
                units,
                sample,
                panel,
                replicas,
                size,
            )
        elif kind == PRODUCT:
            add_products(instruction, tables, rows, bounds, size)
        elif kind == EXPAND:
            expand(instruction, tables, rows, bounds, units, replicas, size)
        elif kind == DIRECT:
            direct(instruction, rows, bounds, steps, width, size)
        elif kind == ELEMENT:
            move_elements(
                instruction,
                tables,
                memory,
                slots,
                most,
                rows,
                bounds,
                flags,
                units,
                sample,
                panel,
                replicas * width,
                size,
                general,
            )
        elif kind == EXTREME:
            move_extremes(
                instruction,
                tables,
                memory,
                rows,
                bounds,
                flags,
                members,
                units,
                sample,
                panel,
                replicas * width,
                size,
            )
        elif kind == CROSS_ENTROPY:
            move_cross_entropies(
                instruction,
                tables,
                memory,
                rows,
                bounds,
                flags,
                members,
                sample,
                panel,
                replicas * width,
                size,
                general,
            )
