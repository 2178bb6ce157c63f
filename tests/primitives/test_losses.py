import math

import mpmath
import numpy as np
import pytest

RNG = np.random.default_rng(4)
NAME = "softmax_cross_entropy"


def exactly(z, t):
    with mpmath.workprec(4000):
        norm = mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(float(x))) for x in z))
        return mpmath.fsum(float(b) * (norm - float(a)) for a, b in zip(z, t, strict=True) if b)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (6, 10), (3, 37)])
@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0])
def test_every_row_for_itself(apply, shape, size):
    z = size * RNG.standard_normal(shape)
    for t in (
        one_hot(RNG.integers(0, shape[1], shape[0]), shape[1]),
        RNG.random(shape),
        RNG.standard_normal(shape),
        np.zeros(shape),
    ):
        done = apply(NAME, z, t)
        assert done.result.shape == shape[:1]
        assert len(done.codes) == 1
        assert done.sides.size == 0
        largest = np.abs(t).sum() * (np.ptp(z) + 5)
        np.testing.assert_allclose(done.result, done.expected, rtol=0, atol=4e-16 * largest)
        for i, (row, targets) in enumerate(zip(z, t, strict=True)):
            assert abs(done.result[i] - float(exactly(row, targets))) <= 4e-16 * largest


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_at_all(apply, shape):
    done = apply(NAME, np.zeros(shape), np.zeros(shape))
    np.testing.assert_array_equal(done.result, np.zeros(shape[:1]))
    np.testing.assert_array_equal(done.expected, np.zeros(shape[:1]))


@pytest.mark.parametrize(
    ("z", "t"),
    [
        ([0.3, -1.2, 2.1], [0.0, 0.0, 1.0]),
        ([1e3, -1e3, 997.0], [1.0, 0.0, 0.0]),
        ([1e3, -1e3, 997.0], [0.0, 1.0, 0.0]),
        ([1e300, -1e300, 0.0], [0.0, 1.0, 0.0]),
        ([690.0, 0.0, 1.0], [1.0, 0.0, 0.0]),  # 1e-299: log(1 + ..) would be 0
        ([40.0, 0.0, 1.0], [1.0, 0.0, 0.0]),
        ([2.0, 2.0, 2.0], [0.25, 0.25, 0.5]),
        ([5.0, 3.0, -2.0], [0.0, 2.0, -0.5]),
    ],
)
def test_to_a_few_ulp(apply, z, t):
    done = apply(NAME, [z], [t])
    assert done.result[0] == pytest.approx(float(exactly(z, t)), rel=2e-15, abs=0)
    assert done.expected[0] == pytest.approx(done.result[0], rel=2e-15, abs=3e-16)


@pytest.mark.parametrize(
    ("z", "t", "result"),
    [
        ([-math.inf, 0.0, 0.0], [0.0, 1.0, 0.0], math.log(2.0)),  # a class that is masked out
        ([-math.inf, 0.0, 0.0], [1.0, 0.0, 0.0], math.inf),
        ([math.inf, 0.0], [0.0, 1.0], math.nan),
        ([math.nan, 0.0], [0.0, 1.0], math.nan),
        ([0.0, math.nan], [1.0, 0.0], math.nan),
        ([-math.inf, -math.inf], [0.0, 1.0], math.nan),
        ([math.nan, 0.0], [0.0, 0.0], 0.0),
        ([3.0, 1.0], [1.0, -1.0], -2.0),
    ],
)
def test_special_numbers(apply, z, t, result):
    done = apply(NAME, [z], [t])
    assert done.result[0] == pytest.approx(result, nan_ok=True)
    assert done.expected[0] == pytest.approx(result, nan_ok=True)
