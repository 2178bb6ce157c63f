"""Errors of sums, for many at once, against exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck.primitives.rounding import sum_error, sum_errors

NUMBERS = st.one_of(
    st.floats(-1e300, 1e300),
    st.floats(-4.0, 4.0),
    st.sampled_from([0.1, 0.2, -0.3, 1e16, -1e16, 5e-324]),
)
# The sum overflows, or is not a number, or is infinite as it should be.
NOT_FINITE = [
    (math.inf, 1.0),
    (1.0, -math.inf),
    (math.inf, -math.inf),
    (math.nan, 1.0),
    (1.7e308, 1.7e308),
]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=9))
def test_the_errors_of_sums(pairs):
    x, y = np.array(pairs).T
    total = x + y
    exact = [Fraction(a) + Fraction(b) - Fraction(a + b) for a, b in pairs]
    assert [Fraction(error) for error in sum_errors(x, y, total).tolist()] == exact


def test_the_error_of_one_sum_to_many():
    x, y = np.array([[0.1, 1e16], [3.0, -0.3]]), np.array([[0.2], [0.7]])
    errors = sum_errors(x, y, x + y)
    assert errors.tolist() == [
        [sum_error(a, b, a + b) for a in row]
        for row, (b,) in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert np.count_nonzero(errors) == 3
    assert sum_errors(0.1, 0.2, 0.1 + 0.2) == sum_error(0.1, 0.2, 0.1 + 0.2) != 0.0


@pytest.mark.parametrize("pair", NOT_FINITE)
def test_no_error_where_a_sum_is_not_finite(pair):
    x, y = (np.array([part, 0.1]) for part in pair)
    with np.errstate(all="ignore"):
        total = x + y
    assert sum_errors(x, y, total).tolist() == [0.0, sum_error(0.1, 0.1, 0.2)]
