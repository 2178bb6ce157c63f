"""Panels of a weight that are copies of each other, carried side by side through every sample."""

from __future__ import annotations

import math
from typing import Any

from fastcheck.engine.kernels.execute import execute, row_size
from fastcheck.engine.kernels.layout import (
    BEFORE,
    COUNT,
    DELTA,
    K_ADDRESSES,
    LEAVING,
    SAMPLED,
    SEEDED,
    K,
)
from fastcheck.engine.kernels.linear_moves import address_shift, largest_seed
from fastcheck.engine.kernels.rows import fill, largest
from fastcheck.primitives.jit import inlined_kernel, kernel
from fastcheck.primitives.window import window

# How many differences a row should have where panels can be put side by side: long enough for the
# vector loops, short enough that the rows of a small network's step stay in the first-level cache.
ROW_LENGTH = 512


@kernel
def fill_slots(route: Any, buffers: Any, units: Any, sample: int, panel: int) -> None:
    """Copy the base values of the running lanes side by side."""
    sources, memory, slots = route.sources, route.memory, buffers.slots
    for i in range(len(sources)):
        first = sources[i, 0] + sample * sources[i, 1] + panel * sources[i, 2]
        for j in range(units.size):
            slots[i * units.size + j] = memory[first + units[j]]


@kernel
def start_sums(route: Any, buffers: Any, size: int) -> None:
    """Let the rows that add up over the samples begin at zero, and row 0 be what does not move."""
    rows, bounds = buffers.rows, buffers.bounds
    fill(window(rows, 0, size), 0.0)
    bounds[0] = 0.0
    for row in route.gathering:
        fill(window(rows, row * size, size), 0.0)
        bounds[row] = 0.0


@kernel
def seeds_of(route: Any, sample: int, panel: int) -> float:
    """Return the largest size of a panel's seeds per unit of step."""
    most = 0.0
    for i in range(route.stages[BEFORE], route.stages[SEEDED]):
        seeds = largest_seed(route.instructions[i], route, sample, panel)
        # A nan moves too.
        if seeds > most or seeds != seeds:
            most = seeds
    return most


@kernel
def _lanes_that_go_on(route: Any, sample: int, out: Any) -> tuple[int, float]:
    """Fill `out` with the lanes that the switch on the seeds lets through or does not decide.

    Some that it does not let through fill up the last vector.

    Returns
    -------
    count
        How many go on.
    limit
        How far the others may move without crossing.
    """
    instruction = route.instructions[route.stages[LEAVING]]
    tables, memory, lanes = route.tables, route.memory, route.entries.shape[1]
    shift = address_shift(instruction, K, sample, 0)
    first = instruction[K_ADDRESSES]
    delta = instruction[DELTA]
    count = 0
    for j in range(lanes):
        for r in range(instruction[COUNT]):
            k = tables[first + r] + shift + j
            if memory[k] != 0.0 or memory[k + 2 * delta] == 0.0:
                out[count] = j
                count += 1
                break
    wanted = min(lanes, row_size(count))
    limit = math.inf
    place, filled = 0, count
    for j in range(lanes):
        if place < count and out[place] == j:
            place += 1
        elif filled < wanted:
            out[filled] = j
            filled += 1
        else:
            for r in range(instruction[COUNT]):
                limit = min(limit, memory[tables[first + r] + shift + j + 2 * delta])
    return wanted, limit


@inlined_kernel
def _block(
    route: Any,
    buffers: Any,
    outcome: Any,
    units: Any,
    panels: Any,
    start: int,
    stop: int,
    sample: int,
    general: bool,
) -> None:
    """Carry some panels side by side through one sample, and add to the sums of each."""
    points, lanes = buffers.steps.size, buffers.every.size
    replicas = panels.size * points
    width = units.size
    size = row_size(replicas * width)
    start_sums(route, buffers, size)
    rows, flags, sums = buffers.rows, buffers.flags, buffers.sums
    fill(window(flags, 0, replicas * width), 0)
    stages = route.stages
    execute(route, stages[BEFORE], stages[SAMPLED], buffers, units, panels, sample, general)
    gathering = route.gathering
    for i in range(panels.size):
        for a in range(gathering.size):
            to = ((a * (stop - start) + panels[i] - start) * points) * lanes
            at = gathering[a] * size + i * points * width
            for p in range(points):
                for j in range(width):
                    sums[to + p * lanes + units[j]] += rows[at + p * width + j]
        for j in range(points * width):
            if flags[i * points * width + j]:
                element = route.entries[panels[i], units[j % width]]
                outcome.bits[element] |= flags[i * points * width + j]


@inlined_kernel
def by_samples(
    route: Any, buffers: Any, outcome: Any, start: int, stop: int, general: bool
) -> None:
    """Carry the panels ``start <= i < stop`` through the sample stages, sample after sample.

    Their sums are left in ``buffers.sums``: (gathering, panels, points, lanes).
    """
    every, units, panels = buffers.every, buffers.units, buffers.panels
    points, lanes = buffers.steps.size, every.size
    size = points * lanes
    fill(window(buffers.sums, 0, route.gathering.size * (stop - start) * size), 0.0)
    for panel in range(start, stop):
        for j in range(lanes):
            outcome.bits[route.entries[panel, j]] = 0
    longest = largest(buffers.steps)
    for sample in range(route.samples):
        width, limit = lanes, math.inf
        if route.stages[LEAVING] >= 0:
            width, limit = _lanes_that_go_on(route, sample, units)
        running = window(units, 0, width) if width < lanes else every
        fill_slots(route, buffers, running, sample, 0)
        together = min(panels.size, max(1, ROW_LENGTH // (points * max(1, width))))
        chosen, farthest = 0, 0.0
        for panel in range(start, stop):
            seeds = seeds_of(route, sample, panel)
            if seeds != 0.0:
                panels[chosen] = panel
                chosen += 1
                farthest = max(farthest, longest * seeds)
            if chosen == together or (panel == stop - 1 and chosen > 0):
                # No lane that would cross the switch is left behind.
                if farthest > limit and running.size < lanes:
                    running = every
                    fill_slots(route, buffers, running, sample, 0)
                if running.size > 0:
                    _block(
                        route,
                        buffers,
                        outcome,
                        running,
                        window(panels, 0, chosen),
                        start,
                        stop,
                        sample,
                        general,
                    )
                chosen = 0
