"""The difference rules of the operations with a switch, against exact fractions."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.primitives import piecewise
from fastcheck.primitives.rounding import rise

EPS = 2.0**-52
SMALLEST = 2.0**-1022

# How much a rule may be wrong by, in units of 2^-52 of the true difference: two roundings at most.
ULPS = 2

# The sides that each comparison accepts, as `piecewise.run` has them.
ACCEPTED = {
    "greater": piecewise._ABOVE,
    "greater_equal": piecewise._ABOVE | piecewise._ON,
    "less": piecewise._BELOW,
    "less_equal": piecewise._BELOW | piecewise._ON,
    "equal": piecewise._ON,
    "not_equal": piecewise._BELOW | piecewise._ABOVE | piecewise._NEITHER,
}

BASES = [0.0, -0.0, 0.1, 0.3, -0.3, 2.7, 1e-300, -1e300]
SIZES = [1e-300, 7e-101, 3e-17, 2e-9, 0.2, 0.6, 10.0, 1e300]
STEPS = [0.0, *(sign * size for size in SIZES for sign in (1.0, -1.0))]


def close(found, exact):
    allowed = Fraction(ULPS * EPS) * max(abs(exact), Fraction(SMALLEST))
    return abs(Fraction(found) - exact) <= allowed


def compare(function, x, dx, y, dy):
    a, da, b, db = map(Fraction, (x, dx, y, dy))
    return function(a + da, b + db) - function(a, b)


def check_extremes(x, dx, y, dy):
    for name, function in (("maximum", max), ("minimum", min)):
        found = getattr(piecewise, f"_{name}_difference")(x, dx, y, dy)
        exact = compare(function, x, dx, y, dy)
        assert close(found, exact), (name, x, dx, y, dy)
        before, after = (
            function(x, y) == x,
            function(Fraction(x) + Fraction(dx), Fraction(y) + Fraction(dy)),
        )
        if before and after == Fraction(x) + Fraction(dx):
            assert found == dx  # no rounding where no side is changed


def check_side(x, dx, y, dy):
    a, b = Fraction(x) + Fraction(dx), Fraction(y) + Fraction(dy)
    assert piecewise._moved_side(x, dx, y, dy) == (a > b) - (a < b), (x, dx, y, dy)


def test_maximum_and_minimum_for_steps_of_every_size():
    for x, y, dx, dy in product(BASES, BASES, STEPS, STEPS[::2]):
        check_extremes(x, dx, y, dy)


def test_the_side_of_moved_operands():
    for x, y, dx, dy in product(BASES, BASES, STEPS[::2], STEPS):
        check_side(x, dx, y, dy)


NUMBERS = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, 0.3, -0.1, -0.2, -0.3]),
    st.builds(
        lambda sign, mantissa, exponent: sign * mantissa * 2.0**exponent,
        st.sampled_from([1.0, -1.0]),
        st.floats(1.0, 2.0),
        st.one_of(st.integers(-996, 3), st.integers(-3, 3)),
    ),
)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_two_operands_anywhere(x, dx, y, dy):
    check_extremes(x, dx, y, dy)
    check_side(x, dx, y, dy)


@given(NUMBERS, NUMBERS, st.integers(-3, 3))
def test_close_to_a_tie_after_the_step(x, y, units):
    # x + dx is y but for a few units in the last place of dx.
    dx = (y - x) * (1 + units * EPS)
    check_extremes(x, dx, y, 0.0)
    check_extremes(y, 0.0, x, dx)
    check_side(x, dx, y, 0.0)


@given(NUMBERS, NUMBERS)
def test_at_a_tie_the_larger_step_wins_exactly(dx, dy):
    for z in (0.3, -0.0, 1e300, math.inf, -math.inf):
        assert piecewise._maximum_difference(z, dx, z, dy) == max(dx, dy)
        assert piecewise._minimum_difference(z, dx, z, dy) == min(dx, dy)


@pytest.mark.parametrize(
    ("operands", "maximum", "minimum"),
    [
        ((math.inf, 0.5, 2.0, 7.0), 0.5, 7.0),
        ((2.0, 7.0, math.inf, 0.5), 0.5, 7.0),
        ((-math.inf, 0.5, 2.0, 7.0), 7.0, 0.5),
        ((-math.inf, 0.0, -math.inf, 0.0), 0.0, 0.0),
        ((0.0, 0.0, -0.0, 0.0), 0.0, 0.0),
    ],
)
def test_infinite_operands(operands, maximum, minimum):
    assert piecewise._maximum_difference(*operands) == maximum
    assert piecewise._minimum_difference(*operands) == minimum


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_difference_of_two_comparisons(name):
    function = getattr(np, name)
    numbers = [0.0, -0.0, 0.5, -1.5, 2.0]
    seen = set()
    for x, y, dx, dy in product(numbers, numbers, numbers, numbers):  # every sum of two is exact
        expected = float(function(x + dx, y + dy)) - float(function(x, y))
        found = piecewise._comparison_difference(x, dx, y, dy, ACCEPTED[name])
        assert found == expected, (x, dx, y, dy)
        seen.add(found)
    assert seen == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_comparison_that_rounding_would_hide(name):
    function = {
        "greater": lambda a, b: a > b,
        "greater_equal": lambda a, b: a >= b,
        "less": lambda a, b: a < b,
        "less_equal": lambda a, b: a <= b,
        "equal": lambda a, b: a == b,
        "not_equal": lambda a, b: a != b,
    }[name]
    for x, dx, y, dy in (
        (0.3, 1e-300, 0.3, 0.0),
        (0.3, 0.0, 0.3, 1e-300),
        (0.3, -0.3, 1e-300, 0.0),
        (0.1, 0.2, 0.3, 0.0),  # in rationals 0.1 + 0.2 is a little more than 0.3
        (1.0, 2.0**-60, 1.0, 2.0**-61),
    ):
        a, da, b, db = map(Fraction, (x, dx, y, dy))
        expected = float(function(a + da, b + db)) - float(function(a, b))
        assert piecewise._comparison_difference(x, dx, y, dy, ACCEPTED[name]) == expected


@pytest.mark.parametrize("name", ACCEPTED)
def test_comparisons_with_infinity_and_nan(name):
    special = [math.inf, -math.inf, math.nan, 1.0]
    for x, y in product(special, special):
        for dx, dy in ((0.0, 0.0), (1.0, -2.0)):
            assert piecewise._comparison_difference(x, dx, y, dy, ACCEPTED[name]) == (
                float(getattr(np, name)(x + dx, y + dy)) - float(getattr(np, name)(x, y))
            )


@given(NUMBERS, NUMBERS)
def test_absolute_and_sign_anywhere(z, d):
    for step in (d, -z, -z * (1 + EPS), -2 * z, -z - d):
        a, b = Fraction(z), Fraction(z) + Fraction(step)
        assert close(piecewise._absolute_difference(z, step), abs(b) - abs(a)), (z, step)
        signs = ((b > 0) - (b < 0)) - ((a > 0) - (a < 0))
        assert piecewise._sign_difference(z, step) == signs


def test_absolute_and_sign_for_steps_of_every_size():
    for z, d in product(BASES, STEPS):
        a, b = Fraction(z), Fraction(z) + Fraction(d)
        found = piecewise._absolute_difference(z, d)
        assert close(found, abs(b) - abs(a)), (z, d)
        if a * b > 0:
            assert found == math.copysign(1.0, z) * d
        assert piecewise._sign_difference(z, d) == ((b > 0) - (b < 0)) - ((a > 0) - (a < 0))


@pytest.mark.parametrize("z", [math.inf, -math.inf, math.nan, 0.0, -0.0, 2.0, -2.0])
@pytest.mark.parametrize("d", [0.0, -0.0])
def test_no_step_is_no_difference(z, d):
    assert piecewise._sign_difference(z, d) == 0.0
    assert piecewise._absolute_difference(z, d) == 0.0
    for other in (math.inf, -math.inf, math.nan, 0.0, 2.0):
        assert piecewise._maximum_difference(z, d, other, d) == 0.0
        assert piecewise._minimum_difference(z, d, other, d) == 0.0
        for condition in (0.0, 1.0, math.nan):
            assert piecewise._where_difference(condition, d, z, d, other, d) == 0.0
        for accepted in ACCEPTED.values():
            assert piecewise._comparison_difference(z, d, other, d, accepted) == 0.0


def test_infinite_arguments():
    assert piecewise._absolute_difference(math.inf, 0.5) == 0.5
    assert piecewise._absolute_difference(-math.inf, 0.5) == -0.5
    assert piecewise._sign_difference(math.inf, 3.0) == 0.0


@given(st.sampled_from([0.0, -0.0, 1.0, -2.0, 0.3]), NUMBERS, st.tuples(*[NUMBERS] * 4))
def test_where_with_all_three_moving(condition, move, branches):
    a, da, b, db = branches
    for dcondition in (0.0, move, -condition, -condition * (1 + EPS)):
        after = Fraction(condition) + Fraction(dcondition) != 0
        new = Fraction(a) + Fraction(da) if after else Fraction(b) + Fraction(db)
        old = Fraction(a) if condition else Fraction(b)
        found = piecewise._where_difference(condition, dcondition, a, da, b, db)
        assert close(found, new - old), (condition, dcondition, a, da, b, db)
        if after == bool(condition):
            assert found == (da if condition else db)


def test_where_leaves_alone_what_it_does_not_take():
    nothing = math.nan
    assert piecewise._where_difference(1.0, 0.0, 2.0, 0.5, nothing, nothing) == 0.5
    assert piecewise._where_difference(0.0, 0.0, nothing, nothing, 2.0, 0.5) == 0.5
    assert piecewise._where_difference(1.0, -1.0, 2.0, nothing, 5.0, 0.5) == 3.5
    assert piecewise._where_difference(0.0, 1.0, 5.0, 0.5, 2.0, nothing) == 3.5


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_rise_to_two_roundings(base, other, d):
    assert close(rise(base, other, d), Fraction(other) + Fraction(d) - Fraction(base))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(
            (name, arguments)
            for name in ("maximum_difference", "minimum_difference", "moved_side")
            for arguments in (
                (0.3, 0.1, 0.7, 0.2),
                (0.7, 0.2, 0.3, 0.1),
                (0.3, 0.1, 0.3, 0.2),
                (0.3, 0.5, 0.7, 0.0),
                (0.7, 0.0, 0.3, 0.5),
            )
        ),
        ("comparison_difference", (0.3, 0.1, 0.7, 0.2, piecewise._ABOVE)),
        ("comparison_difference", (0.3, 0.5, 0.7, 0.0, piecewise._ABOVE)),
        *(("absolute_difference", pair) for pair in ((0.3, 0.1), (-0.3, 0.1), (0.1, -0.3))),
        *(("sign_difference", pair) for pair in ((0.3, 0.1), (-0.1, 0.3), (0.1, -0.1), (2.0, 0.0))),
        *(
            ("where_difference", (condition, dcondition, 0.3, 0.1, 0.7, 0.2))
            for condition, dcondition in ((1.0, 0.0), (1.0, -1.0), (0.0, 0.0), (0.0, 1.0))
        ),
    ],
)
def test_the_difference_as_plain_python(name, arguments):
    compiled = getattr(piecewise, f"_{name}")
    function = getattr(compiled, "py_func", compiled)
    assert function(*arguments) == compiled(*arguments)
