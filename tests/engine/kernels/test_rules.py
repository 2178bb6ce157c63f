"""Which switches the exact rules note, element by element and group by group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.engine.kernels.execute import row_size
from fastcheck.engine.kernels.layout import (
    COEFFICIENTS,
    COLUMNS,
    CROSSED,
    EXTRA,
    EXTRA_SIZE,
    NEAR,
    ROW_GRAIN,
    A,
    B,
    C,
    K,
)
from fastcheck.engine.kernels.rules import extreme, switch_bits
from fastcheck.primitives import arithmetic, piecewise, smooth

SIDED = [piecewise.MAXIMUM, piecewise.MINIMUM, piecewise.GREATER, piecewise.LESS_EQUAL]

small = st.sampled_from([-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0])


@given(st.sampled_from(SIDED), st.tuples(small, small, small, small), st.sampled_from([0.0, 0.25]))
def test_bits_are_those_of_the_sides(code, operands, margin):
    x, dx, y, dy = operands
    bits = switch_bits(code, x, dx, y, dy, margin)
    if dx == dy:
        assert bits == 0
    elif abs(x - y) <= margin:
        assert bits == NEAR
    else:
        crossed = np.sign(x - y) != np.sign((x + dx) - (y + dy))
        assert bits == (CROSSED if crossed else 0)


@pytest.mark.parametrize("x", [0.0, np.inf, np.nan])
def test_what_does_not_move_or_has_no_switch_notes_nothing(x):
    assert switch_bits(piecewise.MAXIMUM, x, 0.0, 0.0, 0.0, 1.0) == 0
    assert switch_bits(piecewise.WHERE, x, 1.0, 0.0, 0.0, 1.0) == 0
    assert switch_bits(smooth.TANH, x, 1.0, 0.0, 0.0, 1.0) == 0
    assert switch_bits(arithmetic.MULTIPLY, x, 1.0, 0.0, 0.0, 1.0) == 0


def test_nan_is_near_everything():
    assert switch_bits(piecewise.MAXIMUM, np.nan, 1.0, 0.0, 0.0, 0.0) == NEAR


groups = st.integers(1, 4).flatmap(
    lambda n: st.tuples(*(st.lists(small, min_size=n, max_size=n) for _ in range(2)))
)


@given(groups, st.sampled_from([1.0, -1.0]), st.sampled_from([0.0, 0.125]))
def test_the_extreme_of_a_group_is_that_of_numpy(group, sign, error):
    z, d = (np.array(item) for item in group)
    best = np.max if sign > 0 else np.min
    moved, bits = extreme(z, d, np.full(z.size, error), sign)
    assert moved == best(z + d) - best(z)
    winner = int(np.argmax(sign * z))
    gaps = sign * (z[winner] - z)
    apart = d != d[winner]
    assert bool(bits & NEAR) == bool(np.any(apart & (gaps <= 2 * error)))
    overtakes = apart & (gaps > 2 * error) & (sign * (d - d[winner]) > gaps)
    assert bool(bits & CROSSED) == bool(np.any(overtakes))


def test_the_columns_of_an_instruction_do_not_overlap():
    places = [A, B, C, K, EXTRA]
    assert places == sorted(places)
    assert K + 6 < EXTRA
    assert COLUMNS == EXTRA + EXTRA_SIZE
    assert len({CROSSED, NEAR, CROSSED | NEAR}) == 3
    assert max(COEFFICIENTS) == 4


@given(st.integers(0, 2000))
def test_a_row_is_whole_vectors(used):
    size = row_size(used)
    assert size % ROW_GRAIN == 0
    assert used <= size < used + ROW_GRAIN
