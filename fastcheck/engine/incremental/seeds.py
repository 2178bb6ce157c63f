"""How a parameter's elements are laid out in panels, and where its movement begins.

A weight that is only multiplied by what does not move with it is the common case: w[k, j] then
moves every product ``a[n, k] w[k, j]`` of unit j, and all units j of one input k make a panel. All
panels of such a weight are copies of each other, a fixed distance apart, and one template serves
them all. Anything else goes in chunks of neighbouring elements, each with a template of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fastcheck.engine.incremental.builder import SEEDS, Builder, Operand, Unshiftable
from fastcheck.engine.incremental.moving import Moving, Positions
from fastcheck.engine.incremental.walk import SAMPLES, Coupled
from fastcheck.engine.kernels.layout import DIRECT, SEED
from fastcheck.primitives.base import Form
from fastcheck.program import Operation, Program

# Lanes of a panel: rows of 2 * 64 float64 are 1 KB, so that the 30 or so rows of a small network's
# step stay in the first-level cache.
MOST_LANES = 64


@dataclass(frozen=True, slots=True)
class Site:
    """A product in which a weight meets what does not move with it.

    Attributes
    ----------
    operation
        The matrix product.
    right
        Whether the weight is its right factor.
    """

    operation: Operation
    right: bool


@dataclass(frozen=True, slots=True)
class Uses:
    """Where a parameter is used.

    Attributes
    ----------
    sites
        Products, by the value number of the result.
    direct
        For other uses: for each value that is the parameter rearranged, the place of each element
        of the parameter.
    entries
        int64 (inputs, units): the parameter's elements as the products see them.
    """

    sites: Mapping[int, Site]
    direct: Mapping[int, Positions]
    entries: Positions


def reached(program: Program, number: int) -> set[int]:
    """Return the values that move with a parameter."""
    moves = {number}
    for operation in program.operations:
        if moves.intersection(operation.inputs):
            moves.add(operation.output)
    return moves


def uses_of(program: Program, number: int) -> Uses | None:
    """Return where a weight is used; None if no product, or products that see it differently."""
    moves = reached(program, number)
    size = int(np.prod(program.values[number].shape))
    # The element of the parameter at each place of the values that are the parameter rearranged.
    elements: dict[int, Positions] = {number: np.arange(size)}
    sites: dict[int, Site] = {}
    others: set[int] = set()
    entries: Positions | None = None
    for operation in program.operations:
        arranged = [n for n in operation.inputs if n in elements]
        if not arranged:
            continue
        form, source = operation.primitive.form, arranged[0]
        if form is Form.RESHAPE:
            elements[operation.output] = elements[source]
            continue
        if form is Form.GATHER and len(operation.inputs) == 1:
            index = operation.attributes["index"].reshape(-1)
            if index.size == size and np.array_equal(np.sort(index), np.arange(size)):
                elements[operation.output] = elements[source][index]
                continue
        seen = _seen(program, operation, elements, moves)
        if seen is None:
            others.update(arranged)
            continue
        if entries is not None and not np.array_equal(seen, entries):
            return None
        entries = seen
        sites[operation.output] = Site(operation, operation.inputs[1] in elements)
    if entries is None:
        return None
    direct = {}
    for value in others:
        place = np.empty(size, np.int64)
        place[elements[value]] = np.arange(size)
        direct[value] = place
    return Uses(sites, direct, entries)


def _seen(
    program: Program, operation: Operation, elements: Mapping[int, Positions], moves: set[int]
) -> Positions | None:
    """Return the weight as inputs by units, if the operation is a product as wanted."""
    if operation.primitive.form is not Form.MATMUL:
        return None
    left, right = operation.inputs
    weight, other = (right, left) if right in elements else (left, right)
    shape = program.values[weight].shape
    if other in moves or len(shape) != 2:
        return None
    matrix = elements[weight].reshape(shape)
    return matrix if weight == right else matrix.T


@dataclass(frozen=True, slots=True)
class Panels:
    """One input each of a run of a weight's units: copies of each other.

    Attributes
    ----------
    units
        int64 (lanes,).
    entries
        int64 (inputs, lanes): the parameter's elements.
    """

    units: Positions
    entries: Positions


def panels_of(entries: Positions) -> list[Panels]:
    """Cut a weight of inputs by units into panels; one set for every run of units."""
    units = entries.shape[1]
    runs = max(1, -(-units // MOST_LANES))
    sets = []
    for run in range(runs):
        some = np.arange(units * run // runs, units * (run + 1) // runs)
        sets.append(Panels(some, np.ascontiguousarray(entries[:, some])))
    return sets


def start_direct(builder: Builder, number: int, positions: Positions, shift: int, row: int) -> None:
    """Let a value that holds the parameter's own elements move by the step."""
    builder.moving[number] = Moving(np.array([row]), positions[None, :], shift)


def direct_row(builder: Builder) -> int:
    """Emit the row that holds the step itself."""
    row = builder.new_rows(1)
    builder.emit(0, DIRECT, count=1, out=row)
    return row


def start_panels(builder: Builder, uses: Uses, panels: Panels) -> None:
    """Let the direct uses of a weight move, of the first panel and a fixed distance apart."""
    if not uses.direct:
        return
    row = direct_row(builder)
    for number, place in uses.direct.items():
        places = place[uses.entries]
        step = int(places[1, 0] - places[0, 0]) if len(places) > 1 else 0
        if (places - places[0] != step * np.arange(len(places))[:, None]).any():
            raise Unshiftable
        start_direct(builder, number, places[0, panels.units], step, row)


def seed_site(builder: Builder, site: Site, panels: Panels) -> None:
    """Emit the seeds of a product: the step times what the weight is multiplied with."""
    operation, walk = site.operation, builder.walk
    values = builder.base.program.values
    left, right = (values[number].shape for number in operation.inputs)
    length, stride = left[-1], walk.stride(operation.output)
    block = walk.first(operation.output)
    if site.right:
        units = right[-1]
        rows = _same_for_all(block % units, block // units, units)
        positions = rows[:, None] * units + panels.units
        addresses, input_step = rows * length, 1
        if stride % units:
            raise Coupled
        sample_step = stride // units * length
    else:
        units, columns = left[0], right[-1]
        matrix, column = np.divmod(block, columns)
        batch, unit = np.divmod(matrix, units)
        places = _same_for_all(unit, batch * columns + column, units)
        batch, column = np.divmod(places, columns)
        positions = (batch[:, None] * units + panels.units) * columns + column[:, None]
        addresses, input_step = batch * length * columns + column, columns
        if stride < columns:
            if right[:-2] and np.prod(right[:-2]) > 1:
                raise Coupled
            sample_step = stride
        elif stride % (units * columns):
            raise Coupled
        else:
            sample_step = stride // units * length
    other = operation.inputs[0 if site.right else 1]
    out = builder.new_rows(len(positions))
    base = Operand(
        addresses=builder.table(builder.base.value(other) + addresses),
        sample_step=sample_step,
        panel_step=input_step,
    )
    builder.emit(
        SEEDS if walk.stage(operation.output) == SAMPLES else builder.stage_of(operation.output),
        SEED,
        count=len(positions),
        out=out,
        operands=(base,),
    )
    builder.moving[operation.output] = Moving(out + np.arange(len(positions)), positions)


def _same_for_all(unit: Positions, place: Positions, units: int) -> Positions:
    """Return the places of unit 0, if those of every unit are the same."""
    order = np.lexsort((place, unit))
    if order.size % units:
        raise Coupled
    table = place[order].reshape(units, -1)
    wanted = np.repeat(np.arange(units), table.shape[1])
    if (table != table[0]).any() or not np.array_equal(unit[order], wanted):
        raise Coupled
    return np.array(table[0])
