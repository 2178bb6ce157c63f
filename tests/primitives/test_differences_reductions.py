"""The difference rules of the reductions, against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.primitives import reductions

EPS = 2.0**-52

# How much an extreme's rule may be wrong by, in units of 2^-52 of the true difference.
ULPS = 2

EXTREMES = [("max", max), ("min", min)]
SIGNS = {"max": 1.0, "min": -1.0}
NUMBERS = st.one_of(
    st.sampled_from([0.0, 0.1, 0.2, 0.3, -0.1, -0.2, -0.3]),
    st.builds(
        lambda sign, mantissa, exponent: sign * mantissa * 2.0**exponent,
        st.sampled_from([1.0, -1.0]),
        st.floats(1.0, 2.0),
        st.one_of(st.integers(-996, 3), st.integers(-3, 3)),
    ),
)
RUNS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9)


def arrays(run):
    return tuple(np.array(part) for part in zip(*run, strict=True))


def difference(name, z, d):
    z, d = np.asarray(z, float), np.asarray(d, float)
    best = float(getattr(np, name)(z))
    return reductions._extreme_difference(z, d, best, SIGNS[name])


@pytest.mark.parametrize(("name", "function"), EXTREMES)
@given(run=RUNS)
def test_the_extreme_of_any_run(name, function, run):
    z, d = arrays(run)
    moved = [Fraction(a) + Fraction(b) for a, b in run]
    exact = function(moved) - Fraction(function(z.tolist()))
    assert abs(Fraction(difference(name, z, d)) - exact) <= Fraction(ULPS * EPS) * abs(exact)


@pytest.mark.parametrize(("name", "function"), EXTREMES)
@given(steps=st.lists(NUMBERS, min_size=1, max_size=9))
def test_among_equals_the_steps_decide_exactly(name, function, steps):
    for z in (0.3, -0.0, 1e300, math.inf, -math.inf):
        assert difference(name, [z] * len(steps), steps) == function(steps)


@pytest.mark.parametrize(
    ("name", "z", "d", "result"),
    [
        ("max", [1.0, 3.0, 2.0], [0.0, 1e-300, 0.5], 1e-300),
        ("max", [1.0, 3.0, 2.0], [0.0, 0.0, 1.5], 0.5),
        ("max", [1.0, 3.0, 2.0], [0.0, -5.0, 0.25], -0.75),
        ("min", [1.0, 3.0, 2.0], [0.0, -5.0, 0.25], -3.0),
        ("min", [1.0, 3.0, 2.0], [5.0, 0.0, 0.25], 1.25),
        ("max", [-math.inf, 3.0], [0.0, 0.5], 0.5),
        ("min", [math.inf, 3.0], [0.0, 0.5], 0.5),
        ("max", [math.inf, 3.0], [0.0, 0.5], 0.0),
        ("max", [-math.inf, -math.inf], [0.0, 0.0], 0.0),
        ("max", [2.0], [0.25], 0.25),
    ],
)
def test_extremes_by_cases(name, z, d, result):
    assert difference(name, z, d) == result


@pytest.mark.parametrize(("name", "function"), EXTREMES)
def test_a_tie_that_rounding_would_make(name, function):
    # 0.1 + 0.2 is a little more than 0.3, by less than either rounding.
    z, d = [0.3, 0.1], [0.0, 0.2]
    exact = function(Fraction(0.3), Fraction(0.1) + Fraction(0.2)) - Fraction(function(z))
    assert difference(name, z, d) == pytest.approx(float(exact), rel=ULPS * EPS, abs=0)
    assert difference("max", z, d) == 2.0**-54 + 2.0**-55 - 2.0**-54


@given(steps=st.lists(NUMBERS, max_size=40))
def test_a_sum_of_steps(steps):
    d = np.array(steps, float)
    size = sum(abs(Fraction(step)) for step in steps)
    exact = sum(map(Fraction, steps))
    allowed = (len(steps) // 8 + 10) * Fraction(EPS / 2) * size
    assert abs(Fraction(reductions._sum_contiguous(d)) - exact) <= allowed


def test_the_sum_of_one_moving_element_is_its_step():
    for length in (1, 7, 8, 9, 100):
        for place in {0, length // 2, length - 1}:
            d = np.zeros(length)
            d[place] = 1e-300
            assert reductions._sum_contiguous(d) == 1e-300


@pytest.mark.parametrize("name", ["sum", "max", "min"])
def test_no_step_is_no_difference(name):
    for z in ([1.0, 1.0, -3.0], [math.inf, 0.0, -math.inf], [-0.0, 0.0, 5e-324]):
        for zero in (0.0, -0.0):
            d = np.full(3, zero)
            found = reductions._sum_contiguous(d) if name == "sum" else difference(name, z, d)
            assert found == 0.0


def test_the_difference_as_plain_python():
    z, d = np.array([0.3, 0.1, 0.2, 0.3]), np.array([1e-9, 0.2, -0.7, 3e-9])

    def plain(compiled):
        return getattr(compiled, "py_func", compiled)

    assert plain(reductions._sum_contiguous)(d) == reductions._sum_contiguous(d)
    compiled = reductions._extreme_difference
    for best, sign in ((0.3, 1.0), (0.1, -1.0)):
        assert plain(compiled)(z, d, best, sign) == compiled(z, d, best, sign)
