import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from fastcheck.primitives import arithmetic

EXACT = ["add", "subtract", "multiply", "divide"]
ROUNDED = ["power", "logaddexp"]
LOGIC = ["logical_and", "logical_or", "logical_xor"]

SHAPES = [
    ((), ()),
    ((1,), ()),
    ((7,), (7,)),
    ((7,), ()),
    ((), (7,)),
    ((3, 5), (3, 5)),
    ((3, 5), (5,)),
    ((5,), (3, 5)),
    ((3, 5), (3, 1)),
    ((3, 1), (3, 5)),
    ((3, 1), (1, 5)),
    ((1, 5), (3, 1)),
    ((1, 1), (3, 5)),
    ((2, 3, 5), (2, 3, 5)),
    ((2, 3, 5), (3, 5)),
    ((5,), (2, 3, 5)),
    ((2, 3, 5), (2, 1, 1)),
    ((2, 3, 1), (2, 3, 5)),
    ((17, 33), (33,)),
    # Not to be folded to two loops:
    ((2, 3, 5), (1, 3, 1)),
    ((1, 3, 1), (2, 3, 5)),
    ((2, 3, 5), (2, 1, 5)),
    ((2, 1, 5), (1, 3, 1)),
    ((2, 3, 1, 5), (1, 3, 4, 1)),
    # Empty:
    ((0,), ()),
    ((0, 3), (3,)),
    ((0, 3), (0, 1)),
    ((3, 0), (3, 1)),
    ((2, 0, 3), (1, 1, 3)),
    ((3, 0, 2), (3, 1, 1)),
]

SPECIAL = np.array(
    [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 5e-324, 1e-200, -1e300]
)


def numbers(shape, seed):
    return np.random.default_rng(seed).uniform(0.25, 4.0, shape)


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", EXACT)
def test_broadcasting(apply, name, left, right):
    done = apply(name, numbers(left, 1), numbers(right, 2))
    np.testing.assert_array_equal(done.result, done.expected)
    assert done.sides.size == 0


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", LOGIC)
def test_broadcasting_of_masks(apply, name, left, right):
    done = apply(name, numbers(left, 1) > 2, numbers(right, 2) > 2)
    np.testing.assert_array_equal(done.result, done.expected)
    assert done.sides.size == 0


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", ROUNDED)
def test_broadcasting_of_functions(apply, name, left, right):
    done = apply(name, numbers(left, 1), numbers(right, 2) - 2)
    np.testing.assert_allclose(done.result, done.expected, rtol=1e-14)


@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=4, max_dims=5).map(
        lambda drawn: drawn.input_shapes
    )
)
def test_any_broadcast(apply, shapes):
    done = apply("subtract", *(numbers(shape, seed) for seed, shape in enumerate(shapes)))
    np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize("name", [*EXACT, *LOGIC])
def test_special_numbers(apply, name):
    done = apply(name, SPECIAL[:, None], SPECIAL)
    np.testing.assert_array_equal(done.result, done.expected)
    same_sign = np.signbit(done.result) == np.signbit(done.expected)
    assert (same_sign | np.isnan(done.expected)).all()


@pytest.mark.parametrize("name", ROUNDED)
def test_special_numbers_outside_the_domain(apply, name):
    done = apply(name, SPECIAL[:, None], SPECIAL)
    np.testing.assert_allclose(done.result, done.expected, rtol=1e-14)


def test_a_number_is_true_unless_it_is_zero(apply):
    left, right = np.array([[0.0, -0.0, math.nan, -2.0]]).T, [0.0, -0.0, math.nan, 1e-320]
    truth = [False, False, True, True]
    done = apply("logical_xor", left, right)
    np.testing.assert_array_equal(done.result, np.not_equal.outer(truth, truth))


@pytest.mark.parametrize("name", [*EXACT, *ROUNDED])
def test_the_scalar_functions_as_plain_python(name):
    compiled = getattr(arithmetic, f"_{name}")
    function = getattr(compiled, "py_func", compiled)
    for x in (0.5, 1.0, 3.0):
        for y in (-2.0, -0.25, 1.0, 7.0):
            assert function(x, y) == pytest.approx(getattr(np, name)(x, y), rel=1e-15)
