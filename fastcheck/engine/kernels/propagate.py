"""The difference of the loss for panels of parameter elements, moved side by side."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.execute import execute, row_size
from fastcheck.engine.kernels.layout import ALWAYS, BEFORE, COARSE, CROSSED, END, SAMPLED
from fastcheck.engine.kernels.rows import fill, largest, scale
from fastcheck.engine.kernels.side_by_side import by_samples, fill_slots, seeds_of, start_sums
from fastcheck.primitives.jit import entry_kernel, inlined_kernel, kernel
from fastcheck.primitives.window import window

# Where a step crosses a switch, or is too large for a series, it is divided by this ...
REFINEMENT = 2.0**60
# ... at most so often: from 2**-60 to 2**-180, still far from underflow.
REFINEMENTS = 2


@kernel
def _take_sums(route: Any, buffers: Any, first: int, step: int, used: int, size: int) -> None:
    """Fill the rows that add up over the samples from sums, so far apart from row to row."""
    for a in range(route.gathering.size):
        row = route.gathering[a]
        summed = window(buffers.sums, first + a * step, used)
        scale(window(buffers.rows, row * size, used), summed, 1.0)
        fill(window(buffers.rows, row * size + used, size - used), 0.0)
        buffers.bounds[row] = largest(summed)


@inlined_kernel
def _one_panel(
    route: Any,
    buffers: Any,
    outcome: Any,
    units: Any,
    panels: Any,
    first_sum: int,
    sum_step: int,
    multiples: Any,
    step: float,
    refinements: int,
    general: bool,
) -> None:
    """Carry the one panel ``panels[0]`` through all stages, with smaller steps where one is due.

    With a `sum_step` above 0 the samples are done: their sums begin at `first_sum`, so far apart.
    """
    stages, samples, steps, flags = route.stages, route.samples, buffers.steps, buffers.flags
    points, width, panel = steps.size, units.size, panels[0]
    used = points * width
    size = row_size(used)
    h = step
    for attempt in range(refinements + 1):
        scale(steps, multiples, h)
        fill(window(flags, 0, used), 0)
        start_sums(route, buffers, size)
        # Before the samples and after them there is one turn each.
        for turn in range(-1, samples + 1):
            sample = min(max(turn, 0), samples - 1)
            inside = 0 <= turn < samples
            first = 0 if turn < 0 else (stages[BEFORE] if inside else stages[SAMPLED])
            last = stages[BEFORE] if turn < 0 else (stages[SAMPLED] if inside else stages[END])
            if turn == samples and sum_step > 0:
                _take_sums(route, buffers, first_sum, sum_step, used, size)
            if inside and (
                sum_step > 0 or (stages[ALWAYS] == 0 and seeds_of(route, sample, panel) == 0.0)
            ):
                continue
            if first < last:
                fill_slots(route, buffers, units, sample, panel)
                execute(route, first, last, buffers, units, panels, sample, general)
        again = 0
        for j in range(used):
            again |= flags[j] & (CROSSED | COARSE)
        if again == 0 or attempt == refinements:
            break
        h /= REFINEMENT
    for j in range(width):
        element = route.entries[panel, units[j]]
        outcome.steps[element] = h
        if sum_step == 0:
            outcome.bits[element] = 0
        for p in range(points):
            outcome.bits[element] |= flags[p * width + j]
            outcome.moved[element, p] = buffers.rows[route.loss_row * size + p * width + j]


@entry_kernel
def propagate(
    route: Any,
    buffers: Any,
    outcome: Any,
    start: int,
    stop: int,
    only: int,
    multiples: Any,
    step: float,
    refinements: int,
    general: bool,
) -> None:
    """Fill ``moved[e, p] = L(w_e + multiples[p] h) - L(w_e)`` for the panels ``start <= i < stop``.

    Parameters
    ----------
    route, buffers, outcome
        See `fastcheck.engine.kernels.arguments`.
    only
        The one lane to run, -1 for all.
    multiples
        float64 (points,): the points, in steps.
    step, refinements
        h, and how often it may be divided by REFINEMENT.
    general
        Use the exact rules only, for steps of any size.
    """
    together = route.stages[ALWAYS] == 0 and only < 0
    units, panels = buffers.units, buffers.panels
    size = multiples.size * buffers.every.size
    if together:
        scale(buffers.steps, multiples, step)
        by_samples(route, buffers, outcome, start, stop, general)
    for panel in range(start, stop):
        panels[0] = panel
        units[0] = max(only, 0)
        sum_step = size * (stop - start) if together else 0
        h = step
        # Of a panel that goes together with others, a second time with smaller steps where due.
        for attempt in range(2 if together and refinements > 0 else 1):
            _one_panel(
                route,
                buffers,
                outcome,
                window(units, 0, 1) if only >= 0 else buffers.every,
                window(panels, 0, 1),
                (panel - start) * size,
                sum_step,
                multiples,
                h,
                refinements - attempt if sum_step == 0 else 0,
                general,
            )
            again = 0
            for element in route.entries[panel]:
                again |= outcome.bits[element] & (CROSSED | COARSE)
            if again == 0:
                break
            sum_step = 0
            h = step / REFINEMENT
