import math

import mpmath
import numpy as np
import pytest

from fastcheck.primitives import arithmetic

EPS = 2.0**-52
SPECIAL = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 5e-324, 800.0, -1e300])


def exactly(x, y):
    with mpmath.workdps(50):
        return float(mpmath.log(mpmath.exp(mpmath.mpf(x)) + mpmath.exp(mpmath.mpf(y))))


def test_special_numbers_are_as_in_numpy(apply):
    done = apply("logaddexp", SPECIAL[:, None], SPECIAL)
    np.testing.assert_allclose(done.result, done.expected, rtol=4 * EPS)
    assert done.sides.size == 0


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (-math.inf, -math.inf, -math.inf),
        (math.inf, math.inf, math.inf),
        (math.inf, -math.inf, math.inf),
        (math.inf, 3.0, math.inf),
        (-math.inf, 3.0, 3.0),
        (1e300, 1e300, 1e300),
    ],
)
def test_limits(apply, x, y, expected):
    for pair in ((x, y), (y, x)):
        assert apply("logaddexp", *pair).result == expected


def test_agrees_with_numpy_and_the_exact_value(apply):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(300) * 10.0 ** rng.uniform(-10, 2.8, 300)
    y = rng.standard_normal(300) * 10.0 ** rng.uniform(-10, 2.8, 300)
    done = apply("logaddexp", x, y)
    # Relative to the larger argument: the result itself may be near 0.
    allowed = 4 * EPS * (1 + np.maximum(abs(x), abs(y)))
    exact = np.array([exactly(*pair) for pair in zip(x.tolist(), y.tolist(), strict=True)])
    assert (abs(done.result - exact) <= allowed).all()
    assert (abs(done.result - np.logaddexp(x, y)) <= allowed).all()


def test_softplus_keeps_its_relative_accuracy(apply):
    x = np.linspace(-700, 700, 281)
    with mpmath.workdps(400):
        exact = [float(mpmath.log1p(mpmath.exp(value))) for value in x.tolist()]
    np.testing.assert_allclose(apply("logaddexp", 0.0, x).result, exact, rtol=4 * EPS)


@pytest.mark.parametrize("shapes", [((), (7,)), ((3, 5), (5,)), ((3, 1), (1, 5)), ((0,), ())])
def test_broadcasting(apply, shapes):
    rng = np.random.default_rng(1)
    done = apply("logaddexp", *(rng.standard_normal(shape) for shape in shapes))
    np.testing.assert_allclose(done.result, done.expected, rtol=8 * EPS, atol=2 * EPS)


def test_the_scalar_function_as_plain_python():
    function = getattr(arithmetic._logaddexp, "py_func", arithmetic._logaddexp)
    for x, y in ((0.5, 0.5), (1.0, -2.0), (-2.0, 1.0)):
        assert function(x, y) == pytest.approx(np.logaddexp(x, y), rel=4 * EPS)
    assert math.isnan(function(math.nan, 1.0))
