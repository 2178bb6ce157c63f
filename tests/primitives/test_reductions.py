import math
from itertools import combinations

import numpy as np
import pytest

NAMES = ["sum", "max", "min"]


def axes_of(ndim):
    return [axes for count in range(ndim + 1) for axes in combinations(range(ndim), count)]


def small_integers(shape, seed=1):
    # Sums of integers are exact in any order, and many are equal.
    return np.random.default_rng(seed).integers(-9, 10, shape).astype(float)


def winners(array, axes, sign):
    """The place, within the elements reduced, of the first that is the largest or is nan."""
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    rows = np.transpose(array, [*kept, *axes]).reshape(*(array.shape[axis] for axis in kept), -1)
    return np.argmax(sign * rows, axis=-1).ravel()


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("shape", [(), (5,), (1,), (3, 7), (2, 1, 5), (2, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", NAMES)
def test_every_combination_of_axes(apply, name, shape, keepdims):
    array = small_integers(shape)
    for axes in axes_of(len(shape)):
        done = apply(name, array, axis=axes, keepdims=keepdims)
        np.testing.assert_array_equal(done.result, done.expected)
        if name == "sum":
            assert done.sides.size == 0
        else:
            noted = winners(array, axes, 1 if name == "max" else -1)
            np.testing.assert_array_equal(done.sides, noted)


@pytest.mark.parametrize("name", NAMES)
def test_axes_in_any_order(apply, name):
    done = apply(name, small_integers((2, 3, 4)), axis=(2, 0), keepdims=False)
    np.testing.assert_array_equal(done.result, done.expected)
    neighbours = apply(name, small_integers((2, 3, 4)), axis=(1, 0), keepdims=False)
    np.testing.assert_array_equal(neighbours.result, neighbours.expected)
    assert len(neighbours.codes) == 1  # nothing is brought together that is so already


@pytest.mark.parametrize("length", range(35))
def test_sums_of_any_length(apply, length):
    for shape, axis in (((length,), (0,)), ((3, length), (1,)), ((length, 3), (0,))):
        done = apply("sum", small_integers(shape), axis=axis, keepdims=False)
        np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_sums_of_nothing(apply, shape):
    for axes in axes_of(len(shape)):
        done = apply("sum", np.zeros(shape), axis=axes, keepdims=False)
        np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize(("shape", "axis"), [((0, 3), (1,)), ((3, 0), (0,)), ((2, 0, 3), (2,))])
def test_no_extremes_at_all(apply, name, shape, axis):
    done = apply(name, np.zeros(shape), axis=axis, keepdims=False)
    assert done.result.shape == done.expected.shape
    assert done.sides.size == 0


def test_long_sums_round_little(apply):
    array = np.random.default_rng(2).standard_normal(10_007)
    done = apply("sum", array, axis=(0,), keepdims=False)
    exact = math.fsum(array)
    assert abs(done.result - exact) <= 100 * 2.0**-53 * np.abs(array).sum() / 8
    assert abs(done.result - exact) > 0  # else the bound says nothing


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "row",
    [
        [1.0, math.nan, 3.0],
        [math.nan, 1.0, math.nan],
        [1.0, 2.0, math.nan],
        [math.nan, math.inf, -math.inf],
        [-math.inf, math.inf, 0.0],
        [-math.inf, -math.inf, -math.inf],
        [math.inf, math.inf, 1.0],
    ],
)
def test_special_numbers(apply, name, row):
    array = np.array([row, [1.0, 2.0, 3.0]])
    for axes in axes_of(2):
        done = apply(name, array, axis=axes, keepdims=False)
        np.testing.assert_array_equal(done.result, done.expected)
        if name != "sum":
            noted = winners(array, axes, 1 if name == "max" else -1)
            np.testing.assert_array_equal(done.sides, noted)


@pytest.mark.parametrize("name", ["max", "min"])
def test_of_equals_the_first_wins(apply, name):
    done = apply(name, [[3.0, 7.0, 7.0, 3.0], [5.0, 5.0, 5.0, 5.0]], axis=(1,), keepdims=True)
    np.testing.assert_array_equal(done.sides, [1 if name == "max" else 0, 0])
