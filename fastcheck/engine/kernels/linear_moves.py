"""Instructions that are linear in what moves: seeds, sums, scaling, products."""

from __future__ import annotations

from typing import Any

from fastcheck.engine.kernels.layout import (
    A_ADDRESSES,
    A_LANE_STEP,
    A_ROWS,
    A_SLOT,
    ACCUMULATE,
    B_ROWS,
    COUNT,
    EXTRA,
    FORM,
    OUT,
    PANEL_STEP,
    SAMPLE_STEP,
    A,
)
from fastcheck.engine.kernels.rows import (
    add_product,
    add_scaled,
    add_scaled_4,
    add_scaled_laned,
    fill,
    largest,
    scale,
    scale_laned,
    tail,
)
from fastcheck.primitives.jit import kernel
from fastcheck.primitives.window import window


@kernel
def address_shift(instruction: Any, operand: int, sample: int, panel: int) -> int:
    """Return how far this sample's and this panel's base values are from the first ones."""
    return sample * instruction[operand + SAMPLE_STEP] + panel * instruction[operand + PANEL_STEP]


@kernel
def largest_seed(instruction: Any, route: Any, sample: int, panel: int) -> float:
    """Return the largest size of what a panel's weights are multiplied with."""
    tables, memory = route.tables, route.memory
    first = instruction[A_ADDRESSES]
    shift = address_shift(instruction, A, sample, panel)
    most = 0.0
    for r in range(instruction[COUNT]):
        value = abs(memory[tables[first + r] + shift])
        if value > most or value != value:
            most = value
    return most


@kernel
def seed(
    instruction: Any,
    route: Any,
    buffers: Any,
    panels: Any,
    sample: int,
    width: int,
    size: int,
) -> None:
    """Fill the seeds, panel by panel: a step times what the weight is multiplied with."""
    tables, memory = route.tables, route.memory
    rows, bounds, steps = buffers.rows, buffers.bounds, buffers.steps
    first = instruction[A_ADDRESSES]
    points = steps.size
    longest = largest(steps)
    length = panels.size * points * width
    for r in range(instruction[COUNT]):
        number = instruction[OUT] + r
        most = 0.0
        for i in range(panels.size):
            value = memory[tables[first + r] + address_shift(instruction, A, sample, panels[i])]
            most = max(most, abs(value))
            to = number * size + i * points * width
            for p in range(points):
                fill(window(rows, to + p * width, width), steps[p] * value)
        fill(window(rows, number * size + length, size - length), 0.0)
        bounds[number] = longest * most


@kernel
def direct(instruction: Any, buffers: Any, width: int, size: int) -> None:
    """Fill the steps themselves."""
    rows, bounds, steps = buffers.rows, buffers.bounds, buffers.steps
    number = instruction[OUT]
    bounds[number] = largest(steps)
    out = window(rows, number * size, size)
    fill(out, 0.0)
    for p in range(steps.size):
        fill(window(out, p * width, width), steps[p])


@kernel
def add_rows(instruction: Any, route: Any, buffers: Any, size: int) -> None:
    """Fill sums of rows; row -n is minus row n."""
    tables = route.tables
    rows, bounds = buffers.rows, buffers.bounds
    starts = instruction[A_ADDRESSES]
    terms = tail(tables, instruction[A_ROWS])
    for r in range(instruction[COUNT]):
        number = instruction[OUT] + r
        out = window(rows, number * size, size)
        fresh = instruction[ACCUMULATE] == 0
        if fresh:
            bounds[number] = 0.0
        for t in range(tables[starts + r], tables[starts + r + 1]):
            term = abs(terms[t])
            if bounds[term] != 0.0:
                bounds[number] += bounds[term]
                sign = 1.0 if terms[t] > 0 else -1.0
                a = window(rows, term * size, size)
                if fresh:
                    scale(out, a, sign)
                else:
                    add_scaled(out, a, sign)
                fresh = False
        if fresh:
            fill(out, 0.0)


@kernel
def scale_rows(
    instruction: Any,
    route: Any,
    buffers: Any,
    units: Any,
    sample: int,
    panel: int,
    replicas: int,
    size: int,
) -> None:
    """Fill base times row; FORM tells that a base value may be inf or nan."""
    tables, memory, most = route.tables, route.memory, route.most
    slots, rows, bounds = buffers.slots, buffers.rows, buffers.bounds
    shift = address_shift(instruction, A, sample, panel)
    laned, slot = instruction[A_LANE_STEP], instruction[A_SLOT]
    sources = tail(tables, instruction[A_ROWS])
    addresses = tail(tables, instruction[A_ADDRESSES])
    width = units.size
    for r in range(instruction[COUNT]):
        number = instruction[OUT] + r
        source = sources[r]
        address = addresses[r] + shift
        out = window(rows, number * size, size)
        a = window(rows, source * size, size)
        if instruction[FORM]:
            for j in range(replicas * width):
                k = memory[address + laned * units[j % width]]
                out[j] = k * a[j] if a[j] != 0.0 else 0.0
            bounds[number] = largest(out)
        elif laned == 0:
            scale(out, a, memory[address])
            bounds[number] = abs(memory[address]) * bounds[source]
        else:
            k = window(slots, (slot + r) * width, width)
            for p in range(0, replicas * width, width):
                scale_laned(window(out, p, width), window(a, p, width), k)
            bounds[number] = most[slot + r] * bounds[source]


@kernel
def multiply_dense(
    instruction: Any, route: Any, buffers: Any, sample: int, panel: int, size: int
) -> None:
    """Fill ``out[g, t] = sum_q base[g, q, t] row[g, q]``, four moving q at a time.

    EXTRA: q per group, t per group, and where the tables list each t's distance from the first.
    """
    tables, memory = route.tables, route.memory
    rows, bounds, moving = buffers.rows, buffers.bounds, buffers.moving
    shift = address_shift(instruction, A, sample, panel)
    length, results = instruction[EXTRA], instruction[EXTRA + 1]
    sources = tail(tables, instruction[A_ROWS])
    addresses = tail(tables, instruction[A_ADDRESSES])
    distances = tables[instruction[EXTRA + 2] : instruction[EXTRA + 2] + results]
    for g in range(instruction[COUNT]):
        first = instruction[OUT] + g * results
        count = 0
        for q in range(g * length, (g + 1) * length):
            if bounds[sources[q]] != 0.0:
                moving[count] = q
                count += 1
        fill(window(bounds, first, results), 0.0)
        fill(window(rows, first * size, results * size), 0.0)
        whole = count - count % 4
        for i in range(0, whole, 4):
            q0, q1, q2, q3 = moving[i], moving[i + 1], moving[i + 2], moving[i + 3]
            m0, m1 = addresses[q0] + shift, addresses[q1] + shift
            m2, m3 = addresses[q2] + shift, addresses[q3] + shift
            a0 = window(rows, sources[q0] * size, size)
            a1 = window(rows, sources[q1] * size, size)
            a2 = window(rows, sources[q2] * size, size)
            a3 = window(rows, sources[q3] * size, size)
            c0, c1 = bounds[sources[q0]], bounds[sources[q1]]
            c2, c3 = bounds[sources[q2]], bounds[sources[q3]]
            for t in range(results):
                out = window(rows, (first + t) * size, size)
                n = distances[t]
                k0, k1, k2, k3 = memory[m0 + n], memory[m1 + n], memory[m2 + n], memory[m3 + n]
                add_scaled_4(out, a0, a1, a2, a3, k0, k1, k2, k3)
                bounds[first + t] += (abs(k0) * c0 + abs(k1) * c1) + (abs(k2) * c2 + abs(k3) * c3)
        for i in range(whole, count):
            q = moving[i]
            a = window(rows, sources[q] * size, size)
            for t in range(results):
                out = window(rows, (first + t) * size, size)
                k = memory[addresses[q] + shift + distances[t]]
                add_scaled(out, a, k)
                bounds[first + t] += abs(k) * bounds[sources[q]]


@kernel
def multiply_dense_laned(
    instruction: Any, route: Any, buffers: Any, width: int, replicas: int, size: int
) -> None:
    """Fill the same where every lane has base values of its own.

    EXTRA: q per group, and t per group.
    """
    tables, most = route.tables, route.most
    slots, rows, bounds = buffers.slots, buffers.rows, buffers.bounds
    length, results = instruction[EXTRA], instruction[EXTRA + 1]
    sources = tail(tables, instruction[A_ROWS])
    for g in range(instruction[COUNT]):
        first = instruction[OUT] + g * results
        fill(window(bounds, first, results), 0.0)
        fresh = True
        for q in range(g * length, (g + 1) * length):
            bound = bounds[sources[q]]
            if bound == 0.0:
                continue
            slot = instruction[A_SLOT] + q * results
            a = window(rows, sources[q] * size, size)
            for t in range(results):
                k = window(slots, (slot + t) * width, width)
                out = window(rows, (first + t) * size, size)
                for p in range(0, replicas * width, width):
                    if fresh:
                        scale_laned(window(out, p, width), window(a, p, width), k)
                    else:
                        add_scaled_laned(window(out, p, width), window(a, p, width), k)
                bounds[first + t] += most[slot + t] * bound
            fresh = False
        if fresh:
            fill(window(rows, first * size, results * size), 0.0)


@kernel
def add_products(instruction: Any, route: Any, buffers: Any, size: int) -> None:
    """Add sums of products of two rows."""
    tables = route.tables
    rows, bounds = buffers.rows, buffers.bounds
    starts = instruction[A_ADDRESSES]
    lefts = tail(tables, instruction[A_ROWS])
    rights = tail(tables, instruction[B_ROWS])
    for r in range(instruction[COUNT]):
        number = instruction[OUT] + r
        out = window(rows, number * size, size)
        for t in range(tables[starts + r], tables[starts + r + 1]):
            left, right = lefts[t], rights[t]
            if bounds[left] != 0.0 and bounds[right] != 0.0:
                bounds[number] += bounds[left] * bounds[right]
                add_product(
                    out,
                    window(rows, left * size, size),
                    window(rows, right * size, size),
                )


@kernel
def expand(
    instruction: Any, route: Any, buffers: Any, units: Any, replicas: int, size: int
) -> None:
    """Fill rows that lie in another row in every lane; EXTRA: lanes in the table."""
    tables = route.tables
    rows, bounds = buffers.rows, buffers.bounds
    lanes, width = instruction[EXTRA], units.size
    sources = tail(tables, instruction[A_ROWS])
    for r in range(instruction[COUNT]):
        number = instruction[OUT] + r
        bounds[number] = 0.0
        for j in range(width):
            source = sources[r * lanes + units[j]]
            bounds[number] = max(bounds[number], bounds[source])
            to, at = number * size + j, source * size + j
            for p in range(0, replicas * width, width):
                rows[to + p] = rows[at + p]
