"""Instructions with a switch or a curvature: a form for small steps first, else the exact rule."""

from __future__ import annotations

import math
from typing import Any

from fastcheck.engine.kernels.layout import (
    A_ADDRESSES,
    A_LANE_STEP,
    A_ROWS,
    A_SLOT,
    B_ADDRESSES,
    B_LANE_STEP,
    B_ROWS,
    B_SLOT,
    C_ADDRESSES,
    C_LANE_STEP,
    C_ROWS,
    CHOOSE,
    COARSE,
    CODE,
    COUNT,
    DELTA,
    EXTRA,
    FORM,
    GENERAL,
    K_ADDRESSES,
    K_LANE_STEP,
    K_SLOT,
    MEMBERS,
    MULTIPLY,
    OUT,
    PICK,
    QUOTIENT,
    SERIES,
    SOFT,
    A,
    B,
    C,
    K,
)
from fastcheck.engine.kernels.linear_moves import address_shift
from fastcheck.engine.kernels.rows import (
    choose,
    fill,
    largest,
    multiply,
    pick_laned,
    pick_of_two,
    quotient,
    scale,
    series,
    series_laned,
    soft,
    tail,
)
from fastcheck.engine.kernels.rules import difference, extreme, switch_bits
from fastcheck.primitives.jit import kernel, shared_kernel
from fastcheck.primitives.reductions import MAX
from fastcheck.primitives.window import window


@kernel
def _by_rule(
    instruction: Any,
    route: Any,
    buffers: Any,
    units: Any,
    r: int,
    sample: int,
    panel: int,
    used: int,
    size: int,
) -> None:
    """Fill result row r by the exact rule, and note the lanes that cross a switch."""
    tables, memory = route.tables, route.memory
    rows, bounds, flags = buffers.rows, buffers.bounds, buffers.flags
    code, form, delta = instruction[CODE], instruction[FORM], instruction[DELTA]
    x_step, y_step = instruction[A_LANE_STEP], instruction[B_LANE_STEP]
    z_step, k_step = instruction[C_LANE_STEP], instruction[K_LANE_STEP]
    x_first = tables[instruction[A_ADDRESSES] + r] + address_shift(instruction, A, sample, panel)
    y_first = tables[instruction[B_ADDRESSES] + r] + address_shift(instruction, B, sample, panel)
    z_first = tables[instruction[C_ADDRESSES] + r] + address_shift(instruction, C, sample, panel)
    k_first = tables[instruction[K_ADDRESSES] + r] + address_shift(instruction, K, sample, panel)
    number = instruction[OUT] + r
    a = tables[instruction[A_ROWS] + r] * size
    b = tables[instruction[B_ROWS] + r] * size
    c = tables[instruction[C_ROWS] + r] * size
    for j in range(used):
        n = units[j % units.size]
        x, y = memory[x_first + n * x_step], memory[y_first + n * y_step]
        z = memory[z_first + n * z_step]
        da, db = rows[a + j], rows[b + j]
        rows[number * size + j] = difference(code, x, da, y, db, z, rows[c + j])
        if form == PICK:
            margin = memory[k_first + n * k_step + 3 * delta]
            flags[j] |= switch_bits(code, x, da, y, db, margin)
        elif form in (SERIES, QUOTIENT, SOFT):
            limit = memory[k_first + n * k_step + 2 * delta]
            if limit > 0.0 and (abs(da) > limit or abs(db) > limit):
                flags[j] |= COARSE
    fill(window(rows, number * size + used, size - used), 0.0)
    bounds[number] = largest(window(rows, number * size, used))


@kernel
def _two_operands(
    instruction: Any,
    route: Any,
    buffers: Any,
    r: int,
    sample: int,
    panel: int,
    width: int,
    used: int,
    size: int,
) -> int:
    """Fill result row r by a form with more than one moving operand; return how many are far."""
    tables, memory, most = route.tables, route.memory, route.most
    slots, rows, bounds = buffers.slots, buffers.rows, buffers.bounds
    form, delta, count = instruction[FORM], instruction[DELTA], instruction[COUNT]
    x_step, y_step = instruction[A_LANE_STEP], instruction[B_LANE_STEP]
    k_step = instruction[K_LANE_STEP]
    a_row, b_row = tables[instruction[A_ROWS] + r], tables[instruction[B_ROWS] + r]
    c_row = tables[instruction[C_ROWS] + r]
    a_bound, b_bound, c_bound = bounds[a_row], bounds[b_row], bounds[c_row]
    # Base values of one lane, or one per lane, with the largest of them.
    x = tables[instruction[A_ADDRESSES] + r] + address_shift(instruction, A, sample, panel)
    y = tables[instruction[B_ADDRESSES] + r] + address_shift(instruction, B, sample, panel)
    k = tables[instruction[K_ADDRESSES] + r] + address_shift(instruction, K, sample, panel)
    x_values, y_values = window(memory, x, 1), window(memory, y, 1)
    x_most, y_most = abs(memory[x]), abs(memory[y])
    first, second = window(memory, k, 1), window(memory, k + delta, 1)
    third = window(memory, k + 2 * delta, 1)
    first_most, second_most = abs(memory[k]), abs(memory[k + delta])
    if x_step == 1:
        x_values = window(slots, (instruction[A_SLOT] + r) * width, width)
        x_most = most[instruction[A_SLOT] + r]
    if y_step == 1:
        y_values = window(slots, (instruction[B_SLOT] + r) * width, width)
        y_most = most[instruction[B_SLOT] + r]
    if k_step == 1:
        slot = instruction[K_SLOT] + r
        first, first_most = window(slots, slot * width, width), most[slot]
        second, second_most = window(slots, (slot + count) * width, width), most[slot + count]
        third = window(slots, (slot + 2 * count) * width, width)
    number = instruction[OUT] + r
    bound = a_bound + b_bound
    if form == MULTIPLY:
        bound = x_most * b_bound + y_most * a_bound + a_bound * b_bound
    elif form == CHOOSE:
        bound = b_bound + c_bound
        if a_bound != 0.0:
            return 1
    elif form == QUOTIENT:
        bound = 2.0 * (first_most * a_bound + second_most * b_bound)
        if k_step == 0 and not b_bound <= third[0]:
            return 1
    elif k_step == 0 and not bound <= third[0]:
        return 1
    bounds[number] = 2.0 * bound
    # Where no lane has base values of its own, all replicas are one segment.
    segment = width if x_step + y_step + k_step > 0 else used
    far = 0
    for p in range(0, used, segment):
        out, a = window(rows, number * size + p, segment), window(rows, a_row * size + p, segment)
        b = window(rows, b_row * size + p, segment)
        if form == MULTIPLY:
            multiply(out, x_values, x_step, a, y_values, y_step, b)
        elif form == PICK:
            far += pick_of_two(out, a, b, first, second, third, k_step)
        elif form == CHOOSE:
            choose(out, b, window(rows, c_row * size + p, segment), first, second, k_step)
        elif form == QUOTIENT:
            far += quotient(out, a, b, first, second, third, k_step)
        else:
            far += soft(out, a, b, first, second, third, k_step)
    fill(window(rows, number * size + used, size - used), 0.0)
    return far


@shared_kernel
def move_elements(
    instruction: Any,
    route: Any,
    buffers: Any,
    units: Any,
    sample: int,
    panel: int,
    used: int,
    size: int,
    general: bool,
) -> None:
    """Fill the changes of an elementwise operation.

    EXTRA: whether the second operand moves, and whether the result is constant on either side of a
    switch. With `general` only the exact rules are used.
    """
    tables, memory, most = route.tables, route.memory, route.most
    slots, rows, bounds = buffers.slots, buffers.rows, buffers.bounds
    form, delta, count = instruction[FORM], instruction[DELTA], instruction[COUNT]
    flat, k_step = instruction[EXTRA + 1] != 0, instruction[K_LANE_STEP]
    one = form == SERIES or (form == PICK and instruction[EXTRA] == 0)
    exact = form == GENERAL or (general and form != MULTIPLY)
    k_shift = address_shift(instruction, K, sample, panel)
    first_rows = tail(tables, instruction[A_ROWS])
    second_rows = tail(tables, instruction[B_ROWS])
    third_rows = tail(tables, instruction[C_ROWS])
    k_addresses = tail(tables, instruction[K_ADDRESSES])
    width = units.size
    for r in range(count):
        number = instruction[OUT] + r
        a_row, b_row, c_row = first_rows[r], second_rows[r], third_rows[r]
        bound = bounds[a_row]
        out = window(rows, number * size, size)
        if bound == 0.0 and bounds[b_row] == 0.0 and bounds[c_row] == 0.0:
            bounds[number] = 0.0
            fill(out, 0.0)
            continue
        k = k_addresses[r] + k_shift
        far = 0
        # No form serves a difference that is not finite: 0 times inf is nan.
        if exact or not bound + bounds[b_row] + bounds[c_row] < math.inf:
            far = 1
        elif one and k_step == 0:
            # The bound of the whole row decides, not every lane.
            if not bound <= memory[k + 2 * delta]:
                far = 1
            elif form == PICK:
                if memory[k] == 0.0:
                    bounds[number] = 0.0
                    fill(out, 0.0)
                else:
                    bounds[number] = bound
                    scale(out, window(rows, a_row * size, size), memory[k])
            else:
                a = window(rows, a_row * size, size)
                series(out, a, memory[k], memory[k + delta])
                bounds[number] = 2.0 * abs(memory[k]) * bound
        elif one:
            slot = instruction[K_SLOT] + r
            a = window(rows, a_row * size, size)
            first = window(slots, slot * width, width)
            second = window(slots, (slot + count) * width, width)
            third = window(slots, (slot + 2 * count) * width, width)
            for p in range(0, used, width):
                if form == PICK:
                    far += pick_laned(window(out, p, width), window(a, p, width), first, third)
                else:
                    far += series_laned(
                        window(out, p, width), window(a, p, width), first, second, third
                    )
            bounds[number] = 2.0 * most[slot] * bound
        else:
            far = _two_operands(instruction, route, buffers, r, sample, panel, width, used, size)
        if far:
            _by_rule(instruction, route, buffers, units, r, sample, panel, used, size)
        elif flat:
            bounds[number] = 0.0


@shared_kernel
def move_extremes(
    instruction: Any,
    route: Any,
    buffers: Any,
    units: Any,
    sample: int,
    panel: int,
    used: int,
    size: int,
) -> None:
    """Fill the changes of the maximum or minimum of every group.

    EXTRA: members of a group; DELTA: from a member's base value to its rounding.
    """
    tables, memory = route.tables, route.memory
    rows, bounds, flags, members = buffers.rows, buffers.bounds, buffers.flags, buffers.members
    sign = 1.0 if instruction[CODE] == MAX else -1.0
    length, delta = instruction[EXTRA], instruction[DELTA]
    step = instruction[A_LANE_STEP]
    shift = address_shift(instruction, A, sample, panel)
    share = members.size // MEMBERS
    z, d = window(members, 0, length), window(members, share, length)
    errors = window(members, 2 * share, length)
    for g in range(instruction[COUNT]):
        number = instruction[OUT] + g
        out = window(rows, number * size, size)
        sources = tail(tables, instruction[A_ROWS] + g * length)
        addresses = tail(tables, instruction[A_ADDRESSES] + g * length)
        if step == 0:
            for k in range(length):
                z[k] = memory[addresses[k] + shift]
                errors[k] = memory[addresses[k] + shift + delta]
            best = _leader(bounds, sources, z, errors, sign)
            if best >= 0:
                bounds[number] = bounds[sources[best]]
                scale(out, window(rows, sources[best] * size, size), 1.0)
                continue
        for j in range(used):
            for k in range(length):
                address = addresses[k] + shift + step * units[j % units.size]
                z[k] = memory[address]
                errors[k] = memory[address + delta]
                d[k] = rows[sources[k] * size + j]
            out[j], bits = extreme(z, d, errors, sign)
            flags[j] |= bits
        fill(tail(out, used), 0.0)
        bounds[number] = largest(out)


@kernel
def _leader(bounds: Any, sources: Any, z: Any, errors: Any, sign: float) -> int:
    """Return the extreme member, -1 if another may take its place."""
    best = 0
    for k in range(1, z.size):
        if sign * z[k] > sign * z[best]:
            best = k
    for k in range(z.size):
        if k == best or (sources[k] == 0 and sources[best] == 0):
            continue
        lead = sign * (z[best] - z[k]) - errors[best] - errors[k]
        if not bounds[sources[k]] + bounds[sources[best]] <= max(0.0, 0.5 * lead):
            return -1
    return best
