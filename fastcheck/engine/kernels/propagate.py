"""The difference of the loss for panels of parameter elements, moved side by side."""

from __future__ import annotations

import math
from typing import Any

from fastcheck.engine.kernels.execute import execute, row_size
from fastcheck.engine.kernels.layout import (
    COARSE,
    COUNT,
    CROSSED,
    DELTA,
    K_ADDRESSES,
    MEMBERS,
    K,
)
from fastcheck.engine.kernels.linear_moves import address_shift, largest_seed
from fastcheck.engine.kernels.rows import fill, largest, scale
from fastcheck.primitives.jit import entry_kernel, inlined_kernel, kernel
from fastcheck.primitives.window import window

# Where a step crosses a switch, or is too large for a series, it is divided by this ...
REFINEMENT = 2.0**60
# ... at most so often: from 2**-60 to 2**-180, still far from underflow.
REFINEMENTS = 2

# How many differences a row should have where panels can be put side by side: long enough for the
# vector loops, short enough that the rows of a small network's step stay in the first-level cache.
ROW_LENGTH = 512


@kernel
def _fill_slots(sources: Any, memory: Any, slots: Any, units: Any, sample: int, panel: int) -> None:
    """Copy the base values of the running lanes side by side."""
    for i in range(len(sources)):
        first = sources[i, 0] + sample * sources[i, 1] + panel * sources[i, 2]
        for j in range(units.size):
            slots[i * units.size + j] = memory[first + units[j]]


@inlined_kernel
def _one_panel(
    instructions: Any,
    stages: Any,
    tables: Any,
    memory: Any,
    sources: Any,
    gathering: Any,
    rows: Any,
    bounds: Any,
    flags: Any,
    moving: Any,
    members: Any,
    slots: Any,
    most: Any,
    units: Any,
    panels: Any,
    samples: int,
    loss_row: int,
    entries: Any,
    sums: Any,
    first_sum: int,
    sum_step: int,
    multiples: Any,
    step: float,
    refinements: int,
    general: bool,
    moved: Any,
    steps_taken: Any,
    bits: Any,
) -> None:
    """Carry the one panel ``panels[0]`` through all stages, with smaller steps where one is due.

    With a `sum_step` above 0 the samples are done: their sums begin at `first_sum`, so far apart.
    """
    points = multiples.size
    steps = window(members, 4 * (members.size // MEMBERS), points)
    width = units.size
    used = points * width
    size = row_size(used)
    panel = panels[0]
    fill(window(rows, 0, size), 0.0)
    bounds[0] = 0.0
    h = step
    for attempt in range(refinements + 1):
        for p in range(points):
            steps[p] = multiples[p] * h
        fill(window(flags, 0, used), 0)
        for row in gathering:
            fill(window(rows, row * size, size), 0.0)
            bounds[row] = 0.0
        # Before the samples and after them there is one turn each.
        for turn in range(-1, samples + 1):
            sample = min(max(turn, 0), samples - 1)
            first = 0 if turn < 0 else (stages[0] if turn < samples else stages[2])
            last = stages[0] if turn < 0 else (stages[2] if turn < samples else stages[3])
            some = stages[4] != 0 or turn < 0 or turn == samples
            if sum_step > 0 and 0 <= turn < samples:
                continue
            if sum_step > 0 and turn == samples:
                for a in range(gathering.size):
                    to, at = gathering[a] * size, first_sum + a * sum_step
                    scale(window(rows, to, used), window(sums, at, used), 1.0)
                    fill(window(rows, to + used, size - used), 0.0)
                    bounds[gathering[a]] = largest(window(sums, at, used))
            for i in range(stages[0], stages[1]):
                seeds = largest_seed(instructions[i], tables, memory, sample, panel)
                some = some or seeds != 0.0
            if not some or first == last:
                continue
            _fill_slots(sources, memory, slots, units, sample, panel)
            execute(
                instructions,
                first,
                last,
                tables,
                memory,
                slots,
                most,
                rows,
                bounds,
                flags,
                moving,
                members,
                steps,
                units,
                panels,
                sample,
                general,
            )
        again = 0
        for j in range(used):
            again |= flags[j] & (CROSSED | COARSE)
        if again == 0 or attempt == refinements:
            break
        h /= REFINEMENT
    for j in range(width):
        element = entries[panel, units[j]]
        steps_taken[element] = h
        if sum_step == 0:
            bits[element] = 0
        for p in range(points):
            bits[element] |= flags[p * width + j]
            moved[element, p] = rows[loss_row * size + p * width + j]


@kernel
def _lanes_that_go_on(
    instruction: Any, tables: Any, memory: Any, sample: int, lanes: int, out: Any
) -> tuple[int, float]:
    """Fill `out` with the lanes that a switch lets through or does not decide.

    Some that it does not let through fill up the last vector.

    Returns
    -------
    count
        How many go on.
    limit
        How far the others may move without crossing.
    """
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
    instructions: Any,
    stages: Any,
    tables: Any,
    memory: Any,
    gathering: Any,
    rows: Any,
    bounds: Any,
    flags: Any,
    moving: Any,
    members: Any,
    slots: Any,
    most: Any,
    lanes: int,
    units: Any,
    panels: Any,
    sums: Any,
    start: int,
    stop: int,
    entries: Any,
    steps: Any,
    sample: int,
    general: bool,
    bits: Any,
) -> None:
    """Carry some panels side by side through one sample, and add to the sums of each."""
    points = steps.size
    replicas = panels.size * points
    width = units.size
    size = row_size(replicas * width)
    fill(window(rows, 0, size), 0.0)
    bounds[0] = 0.0
    fill(window(flags, 0, replicas * width), 0)
    for row in gathering:
        fill(window(rows, row * size, size), 0.0)
        bounds[row] = 0.0
    execute(
        instructions,
        stages[0],
        stages[2],
        tables,
        memory,
        slots,
        most,
        rows,
        bounds,
        flags,
        moving,
        members,
        steps,
        units,
        panels,
        sample,
        general,
    )
    for i in range(panels.size):
        for a in range(gathering.size):
            to = ((a * (stop - start) + panels[i] - start) * points) * lanes
            at = gathering[a] * size + i * points * width
            for p in range(points):
                for j in range(width):
                    sums[to + p * lanes + units[j]] += rows[at + p * width + j]
        for j in range(points * width):
            if flags[i * points * width + j]:
                bits[entries[panels[i], units[j % width]]] |= flags[i * points * width + j]


@inlined_kernel
def _by_samples(
    instructions: Any,
    stages: Any,
    tables: Any,
    memory: Any,
    sources: Any,
    gathering: Any,
    rows: Any,
    bounds: Any,
    flags: Any,
    moving: Any,
    members: Any,
    slots: Any,
    most: Any,
    every: Any,
    units: Any,
    panels: Any,
    sums: Any,
    samples: int,
    entries: Any,
    start: int,
    stop: int,
    multiples: Any,
    step: float,
    general: bool,
    bits: Any,
) -> None:
    """Carry the panels ``start <= i < stop`` through the sample stages, sample after sample."""
    points, lanes = multiples.size, every.size
    steps = window(members, 4 * (members.size // MEMBERS), points)
    for p in range(points):
        steps[p] = multiples[p] * step
    size = points * lanes
    fill(window(sums, 0, gathering.size * (stop - start) * size), 0.0)
    for panel in range(start, stop):
        for j in range(lanes):
            bits[entries[panel, j]] = 0
    longest = largest(steps)
    for sample in range(samples):
        width, limit = lanes, math.inf
        if stages[5] >= 0:
            width, limit = _lanes_that_go_on(
                instructions[stages[5]], tables, memory, sample, lanes, units
            )
        running = window(units, 0, width) if width < lanes else every
        _fill_slots(sources, memory, slots, running, sample, 0)
        together = min(panels.size, max(1, ROW_LENGTH // (points * max(1, width))))
        chosen, farthest = 0, 0.0
        for panel in range(start, stop):
            seeds = 0.0
            for i in range(stages[0], stages[1]):
                seeds = max(seeds, largest_seed(instructions[i], tables, memory, sample, panel))
            if seeds != 0.0:
                panels[chosen] = panel
                chosen += 1
                farthest = max(farthest, longest * seeds)
            if chosen == together or (panel == stop - 1 and chosen > 0):
                # No lane that would cross the switch is left behind.
                if farthest > limit and running.size < lanes:
                    running = every
                    _fill_slots(sources, memory, slots, running, sample, 0)
                if running.size > 0:
                    _block(
                        instructions,
                        stages,
                        tables,
                        memory,
                        gathering,
                        rows,
                        bounds,
                        flags,
                        moving,
                        members,
                        slots,
                        most,
                        lanes,
                        running,
                        window(panels, 0, chosen),
                        sums,
                        start,
                        stop,
                        entries,
                        steps,
                        sample,
                        general,
                        bits,
                    )
                chosen = 0


@entry_kernel
def propagate(
    instructions: Any,
    stages: Any,
    tables: Any,
    memory: Any,
    sources: Any,
    gathering: Any,
    rows: Any,
    bounds: Any,
    flags: Any,
    moving: Any,
    members: Any,
    slots: Any,
    most: Any,
    every: Any,
    units: Any,
    panels: Any,
    sums: Any,
    samples: int,
    loss_row: int,
    entries: Any,
    start: int,
    stop: int,
    only: int,
    multiples: Any,
    step: float,
    refinements: int,
    general: bool,
    moved: Any,
    steps_taken: Any,
    bits: Any,
) -> None:
    """Fill ``moved[e, p] = L(w_e + multiples[p] h) - L(w_e)`` for the panels ``start <= i < stop``.

    Parameters
    ----------
    instructions, tables
        int64: see `fastcheck.engine.kernels.layout`.
    stages
        int64 (6,): where the instructions end that run once per panel, the seeds that run for each
        sample, what else runs for each sample, and what runs afterwards; whether a sample runs even
        if none of its seeds moves; the switch on the seeds, -1 for none, that leaves some lanes
        behind.
    memory
        float64: base values and coefficients; only read, shared by all workers.
    most
        float64 (slots,): see `fastcheck.engine.kernels.execute`.
    sources
        int64 (slots, 3): the address of each list of base values per lane, and its sample and panel
        steps.
    gathering
        int64: the rows that add up over the samples.
    rows, bounds, flags, moving, members, slots, units, panels, sums
        This worker's own scratch, see `fastcheck.engine.incremental.scratch`.
    every
        int64 (lanes,): 0, 1, 2, ...
    samples
        How often the sample stages run.
    loss_row
        The row of the loss.
    entries
        int64 (panels, lanes): the parameter elements of each panel.
    only
        The one lane to run, -1 for all.
    multiples
        float64 (points,): the points, in steps.
    step, refinements
        h, and how often it may be divided by REFINEMENT.
    general
        Use the exact rules only, for steps of any size.
    moved, steps_taken, bits
        float64 (elements, points), float64 (elements,), uint8 (elements,): filled.
    """
    together = stages[4] == 0 and only < 0
    if together:
        _by_samples(
            instructions,
            stages,
            tables,
            memory,
            sources,
            gathering,
            rows,
            bounds,
            flags,
            moving,
            members,
            slots,
            most,
            every,
            units,
            panels,
            sums,
            samples,
            entries,
            start,
            stop,
            multiples,
            step,
            general,
            bits,
        )
    size = multiples.size * every.size
    for panel in range(start, stop):
        panels[0] = panel
        units[0] = max(only, 0)
        sum_step = size * (stop - start) if together else 0
        h = step
        # Of a panel that goes together with others, a second time with smaller steps where due.
        for attempt in range(2 if together and refinements > 0 else 1):
            _one_panel(
                instructions,
                stages,
                tables,
                memory,
                sources,
                gathering,
                rows,
                bounds,
                flags,
                moving,
                members,
                slots,
                most,
                window(units, 0, 1) if only >= 0 else every,
                window(panels, 0, 1),
                samples,
                loss_row,
                entries,
                sums,
                (panel - start) * size,
                sum_step,
                multiples,
                h,
                refinements - attempt if sum_step == 0 else 0,
                general,
                moved,
                steps_taken,
                bits,
            )
            again = 0
            for element in entries[panel]:
                again |= bits[element] & (CROSSED | COARSE)
            if again == 0:
                break
            sum_step = 0
            h = step / REFINEMENT
