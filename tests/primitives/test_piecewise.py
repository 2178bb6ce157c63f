import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from fastcheck.primitives import piecewise

COMPARISONS = ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]
BINARY = ["maximum", "minimum", *COMPARISONS]
SIDED = ["absolute", "sign"]

SPECIAL = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 1e-300, 5e-324, 2.5])

SHAPES = [
    ((), ()),
    ((7,), (7,)),
    ((3, 5), ()),
    ((), (3, 5)),
    ((3, 5), (5,)),
    ((3, 1), (3, 5)),
    ((3, 1), (1, 5)),
    ((2, 3, 5), (1, 3, 1)),
    ((2, 1, 5), (2, 3, 1)),
    ((0, 3), (3,)),
    ((3, 0), (3, 1)),
]


def small_integers(shape, seed):
    # Many are equal.
    return np.random.default_rng(seed).integers(-2, 3, shape).astype(float)


def sides(x, y):
    """-1, 0 or 1 as x is below, at or above y, and 2 where one of them is nan."""
    x, y = np.broadcast_arrays(x, y)
    return np.select([x > y, x < y, x == y], [1, -1, 0], 2).ravel()


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", BINARY)
def test_broadcasting(apply, name, left, right):
    x, y = small_integers(left, 1), small_integers(right, 2)
    done = apply(name, x, y)
    np.testing.assert_array_equal(done.result, done.expected)
    np.testing.assert_array_equal(done.sides, sides(x, y))


@pytest.mark.parametrize("name", BINARY)
def test_special_numbers(apply, name):
    done = apply(name, SPECIAL[:, None], SPECIAL)
    np.testing.assert_array_equal(done.result, done.expected)
    np.testing.assert_array_equal(done.sides, sides(SPECIAL[:, None], SPECIAL))


@pytest.mark.parametrize("name", SIDED)
def test_special_numbers_of_one_argument(apply, name):
    done = apply(name, SPECIAL)
    np.testing.assert_array_equal(done.result, done.expected)
    assert not np.signbit(done.result[done.result == 0]).any()
    np.testing.assert_array_equal(done.sides, sides(SPECIAL, 0.0))


@pytest.mark.parametrize("name", SIDED)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0), (2, 3, 5), (1, 17)])
def test_shapes_of_one_argument(apply, name, shape):
    x = small_integers(shape, 3)
    done = apply(name, x)
    np.testing.assert_array_equal(done.result, done.expected)
    np.testing.assert_array_equal(done.sides, np.sign(x).ravel())


@pytest.mark.parametrize(
    "shapes",
    [
        ((), (), ()),
        ((5,), (5,), (5,)),
        ((3, 5), (), (5,)),
        ((3, 1), (3, 5), ()),
        ((3, 1), (5,), (3, 5)),
        ((), (3, 5), (3, 5)),
        ((2, 3, 5), (1, 3, 1), (5,)),
        ((3, 1), (1, 5), (3, 5)),
        ((2, 1, 1), (1, 3, 1), (1, 1, 5)),
        ((0, 3), (3,), ()),
        ((3, 1), (3, 0), (1, 1)),
    ],
)
def test_where_of_any_shapes(apply, shapes):
    condition, x, y = (small_integers(shape, seed) for seed, shape in enumerate(shapes))
    done = apply("where", condition > 0, x, y + 10)
    np.testing.assert_array_equal(done.result, done.expected)


@given(
    hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=3, max_dims=4).map(
        lambda drawn: drawn.input_shapes
    )
)
def test_where_of_any_broadcast(apply, shapes):
    condition, x, y = (small_integers(shape, seed) for seed, shape in enumerate(shapes))
    done = apply("where", condition, x, y + 10)
    np.testing.assert_array_equal(done.result, done.expected)


def test_where_takes_what_it_does_not_choose_for_nothing(apply):
    done = apply("where", [0.0, -0.0, math.nan, 1e-320], [math.nan] * 4, [math.inf, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(done.result, [math.inf, 1.0, math.nan, math.nan])
    np.testing.assert_array_equal(done.result, done.expected)


def test_where_notes_nothing_since_its_condition_did(apply):
    assert apply("where", [1.0, 0.0], [2.0, 3.0], [4.0, 5.0]).sides.size == 0


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_scalar_functions_as_plain_python(name):
    compiled = getattr(piecewise, f"_{name}")
    function = getattr(compiled, "py_func", compiled)
    for x in SPECIAL.tolist():
        for y in SPECIAL.tolist():
            np.testing.assert_array_equal(function(x, y), getattr(np, name)(x, y))


def test_the_side_as_plain_python():
    function = getattr(piecewise._side, "py_func", piecewise._side)
    for x in SPECIAL.tolist():
        for y in SPECIAL.tolist():
            assert [function(x, y)] == sides(x, y).tolist()
