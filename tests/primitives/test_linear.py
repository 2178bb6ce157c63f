import math

import numpy as np
import pytest

from fastcheck.primitives.linear import MATMUL, MATMUL_SPARSE
from fastcheck.primitives.structure import GATHER

BATCHES = [
    ((2, 3, 4), (2, 4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((1, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (1, 4, 5)),
    ((1, 3, 4), (1, 4, 5)),
    ((1, 3, 4), (4, 5)),
    ((2, 6, 3, 4), (2, 6, 4, 5)),
    ((2, 6, 3, 4), (4, 5)),
    # Repeated by a gather, one or both:
    ((2, 6, 3, 4), (6, 4, 5)),
    ((2, 1, 3, 4), (6, 4, 5)),
    ((2, 1, 3, 4), (1, 6, 4, 5)),
    # Empty:
    ((0, 3, 4), (4, 5)),
    ((0, 3, 4), (1, 4, 5)),
    ((2, 3, 0), (2, 0, 5)),
    ((2, 0, 4), (4, 5)),
]


def small_integers(shape, seed, zeros=0.0):
    # Products and sums of integers are exact in any order.
    rng = np.random.default_rng(seed)
    array = rng.integers(1, 10, shape) * rng.choice([-1.0, 1.0], shape)
    return np.where(rng.random(shape) < zeros, 0.0, array)


@pytest.mark.parametrize("length", [*range(10), 16, 19])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (1, 17), (8, 1), (0, 3), (3, 0)])
def test_matrices(apply, n, length, m):
    a, b = small_integers((n, length), 1), small_integers((length, m), 2)
    for constants in ((), (0,), (1,)):
        done = apply("matmul", a, b, constants=constants)
        np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize(("left", "right"), BATCHES)
@pytest.mark.parametrize("constants", [(), (0,), (1,)])
def test_batches(apply, left, right, constants):
    a, b = small_integers(left, 1, zeros=0.5), small_integers(right, 2)
    done = apply("matmul", a, b, constants=constants)
    np.testing.assert_array_equal(done.result, done.expected)


def test_a_factor_that_all_batches_share_is_not_repeated(apply):
    for left, right in BATCHES[:9]:
        assert apply("matmul", np.ones(left), np.ones(right)).codes == [MATMUL]
    assert GATHER in apply("matmul", np.ones(BATCHES[9][0]), np.ones(BATCHES[9][1])).codes


@pytest.mark.parametrize("zeros", [0.0, 0.2, 0.3, 0.5, 0.8, 0.97, 1.0])
@pytest.mark.parametrize("length", [1, 4, 7, 33, 64])
def test_a_constant_with_zeros(apply, zeros, length):
    a, b = small_integers((9, length), 3, zeros), small_integers((length, 5), 4)
    done = apply("matmul", a, b, constants=(0,))
    np.testing.assert_array_equal(done.result, done.expected)


def test_only_the_zeros_of_a_constant_are_left_out(apply):
    mostly_zero, b = small_integers((9, 20), 3, zeros=0.8), small_integers((20, 5), 4)
    assert apply("matmul", mostly_zero, b, constants=(0,)).codes == [MATMUL_SPARSE]
    assert apply("matmul", mostly_zero, b).codes == [MATMUL]
    assert apply("matmul", b.T, mostly_zero.T, constants=(1,)).codes == [MATMUL]
    assert apply("matmul", small_integers((9, 20), 3), b, constants=(0,)).codes == [MATMUL]


def test_rows_without_any_entry(apply):
    a = np.zeros((5, 6))
    a[1, 2], a[3, :] = 2.0, 1.0
    done = apply("matmul", a, small_integers((6, 3), 1), constants=(0,))
    assert done.codes == [MATMUL_SPARSE]
    np.testing.assert_array_equal(done.result, done.expected)


@pytest.mark.parametrize("special", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("constants", [(), (0,), (1,)])
def test_zero_times_infinity_is_not_left_out(apply, special, constants):
    a, b = small_integers((4, 6), 1, zeros=0.6), small_integers((6, 3), 2)
    b[2, 1] = special
    a[0, 2], a[1, 2] = 0.0, 1.0
    done = apply("matmul", a, b, constants=constants)
    np.testing.assert_array_equal(done.result, done.expected)
    assert np.isnan(done.result[0, 1])
    assert np.isfinite(done.result[:, [0, 2]]).all()


@pytest.mark.parametrize("special", [math.inf, math.nan])
def test_special_numbers_in_a_constant_with_zeros(apply, special):
    a, b = small_integers((4, 6), 1, zeros=0.6), small_integers((6, 3), 2)
    a[1, 3], b[3, 0] = special, 0.0
    done = apply("matmul", a, b, constants=(0,))
    np.testing.assert_array_equal(done.result, done.expected)


def test_rounding_is_that_of_a_sum_of_products(apply):
    rng = np.random.default_rng(5)
    a, b = rng.standard_normal((7, 301)), rng.standard_normal((301, 6))
    bound = 301 * 2.0**-53 * (np.abs(a) @ np.abs(b))
    for sparse in (a, np.where(rng.random(a.shape) < 0.5, 0.0, a)):
        done = apply("matmul", sparse, b, constants=(0,))
        assert (np.abs(done.result - done.expected) <= bound).all()
