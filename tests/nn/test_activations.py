import re

import mpmath
import numpy as np
import pytest

from fastcheck import nn
from fastcheck.errors import InvalidArgument, InvalidType

EPS = 2.0**-52
POINTS = np.array(
    [[-740.0, -100.0, -40.0, -20.0, -1.0, -1e-8, 0.0, 1e-300, 1e-8, 1.0, 20.0, 40.0, 700.0]]
)
EXACT = {
    nn.Sigmoid: lambda x: 1 / (1 + mpmath.exp(-x)),
    nn.Softplus: lambda x: mpmath.log1p(mpmath.exp(x)),
}
SLOPE = {
    nn.Sigmoid: lambda x: 1 / (2 + mpmath.exp(x) + mpmath.exp(-x)),
    nn.Softplus: EXACT[nn.Sigmoid],
}
smooth = pytest.mark.parametrize("kind", EXACT)


def exactly(function, points):
    with mpmath.workdps(400):
        return np.array([float(function(mpmath.mpf(float(x)))) for x in points.ravel()])


@smooth
def test_forward_keeps_its_relative_accuracy(kind):
    y = kind().forward(POINTS).ravel()
    # The exponent's own rounding, |x| eps, is the relative error of e^x.
    allowed = 4 * EPS * (1 + np.abs(POINTS.ravel())) * exactly(EXACT[kind], POINTS) + 5e-324
    assert (np.abs(y - exactly(EXACT[kind], POINTS)) <= allowed).all()


@smooth
def test_backward_keeps_its_relative_accuracy_where_saturated(kind):
    layer = kind()
    dx, _ = layer.backward(POINTS, layer.forward(POINTS), np.ones_like(POINTS))
    expected = exactly(SLOPE[kind], POINTS)
    allowed = 8 * EPS * (1 + np.abs(POINTS.ravel())) * expected + 5e-324
    assert (np.abs(dx.ravel() - expected) <= allowed).all()
    assert (dx > 0).all()


@smooth
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_infinity_is_a_limit_and_nan_stays(kind, dtype):
    x = np.array([[-np.inf, np.inf, np.nan]], dtype)
    layer = kind()
    with np.errstate(invalid="ignore"):  # which NumPy's logaddexp says of any nan
        y = layer.forward(x)
        dx, _ = layer.backward(x, y, np.ones_like(x))
    np.testing.assert_array_equal(y, [[0, 1 if kind is nn.Sigmoid else np.inf, np.nan]])
    np.testing.assert_array_equal(dx, [[0, 0 if kind is nn.Sigmoid else 1, np.nan]])


@pytest.mark.parametrize("slope", [0, 0.01, 0.5, np.float64(0.9)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_leaky_relu_has_its_slope_at_0_and_below(slope, dtype):
    x = np.array([[-2.0, -0.0, 0.0, 3.0, np.inf, np.nan]], dtype)[:, : 4 if slope == 0 else None]
    layer = nn.LeakyRelu(slope)
    y = layer.forward(x)
    negative = np.array(slope, dtype)
    expected = np.array([[-2 * negative, 0, 0, 3, np.inf, np.nan]], dtype)
    np.testing.assert_array_equal(y, expected[:, : x.shape[1]])
    dx, _ = layer.backward(x, y, np.full_like(x, 2))
    np.testing.assert_array_equal(dx[0, :4], [2 * negative] * 3 + [2])
    assert y.dtype == dx.dtype == dtype


def test_leaky_relu_of_slope_0_is_relu():
    x = np.random.default_rng(0).standard_normal((4, 5))
    np.testing.assert_array_equal(nn.LeakyRelu(0).forward(x), nn.Relu().forward(x))


@pytest.mark.parametrize(
    ("slope", "error"),
    [
        (-0.1, InvalidArgument),
        (1, InvalidArgument),
        (float("nan"), InvalidArgument),
        (float("inf"), InvalidArgument),
        ("0.1", InvalidType),
        (None, InvalidType),
        (False, InvalidType),
    ],
)
def test_slopes_that_cannot_be_used(slope, error):
    message = f"slope={slope!r} must be a number >= 0 and < 1; leave it out for 0.01"
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        nn.LeakyRelu(slope)
