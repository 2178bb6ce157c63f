"""The slope rules of functions, element by element, against mpmath and users' own formulas."""

from __future__ import annotations

import math
from contextlib import suppress

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.base import Form
from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE
from fastcheck.primitives.slopes import Point, Slope, least, unknown_slopes

COUNT = 40

BITS = 400

DOUBLE = 2.0**-53

either_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])

# How large arguments are, by a name: (center, spread in powers of e).
REGIMES = {
    "ordinary": (0.0, 1.0),
    "moderate": (2.0, 1.0),
    "tiny": (-40.0, 15.0),
    "small": (-10.0, 5.0),
    "large": (10.0, 3.0),
    "huge": (40.0, 10.0),
}

POSITIVE = {"sqrt", "log", "power"}


def _power(x, y):
    return mpmath.mpf(1) if y == 0 else mpmath.power(x, y)


def _logistic(gap):
    return 1 / (1 + mpmath.exp(-gap))


# The derivative by every operand.
EXACTLY = {
    "negative": [lambda z: mpmath.mpf(-1)],
    "reciprocal": [lambda z: -1 / (z * z)],
    "square": [lambda z: 2 * z],
    "sqrt": [lambda z: 1 / (2 * mpmath.sqrt(z))],
    "exp": [mpmath.exp],
    "expm1": [mpmath.exp],
    "log": [lambda z: 1 / z],
    "log1p": [lambda z: 1 / (1 + z)],
    "tanh": [lambda z: 1 / mpmath.cosh(z) ** 2],
    "add": [lambda x, y: mpmath.mpf(1)] * 2,
    "subtract": [lambda x, y: mpmath.mpf(1), lambda x, y: mpmath.mpf(-1)],
    "multiply": [lambda x, y: y, lambda x, y: x],
    "divide": [lambda x, y: 1 / y, lambda x, y: -x / (y * y)],
    "power": [lambda x, y: y * _power(x, y - 1), lambda x, y: _power(x, y) * mpmath.log(x)],
    "logaddexp": [lambda x, y: _logistic(x - y), lambda x, y: _logistic(y - x)],
}

UNARY = [name for name, rules in EXACTLY.items() if len(rules) == 1]

BINARY = [name for name, rules in EXACTLY.items() if len(rules) == 2]

# The same as users write it, by the operands and the result.
WRITTEN = {
    "negative": [[lambda z, r: -np.ones_like(z)]],
    "reciprocal": [[lambda z, r: -r * r, lambda z, r: -1 / (z * z), lambda z, r: -1 / z**2]],
    "square": [[lambda z, r: 2 * z]],
    "sqrt": [[lambda z, r: 0.5 / r, lambda z, r: 1 / (2 * np.sqrt(z)), lambda z, r: 0.5 * z**-0.5]],
    "exp": [[lambda z, r: r, lambda z, r: np.exp(z)]],
    "expm1": [[lambda z, r: np.exp(z), lambda z, r: r + 1]],
    "log": [[lambda z, r: 1 / z]],
    "log1p": [[lambda z, r: 1 / (1 + z)]],
    "tanh": [
        [
            lambda z, r: 1 - r * r,
            lambda z, r: 1 - r**2,
            lambda z, r: (1 - r) * (1 + r),
            lambda z, r: 1 / np.cosh(z) ** 2,
        ]
    ],
    "add": [[lambda x, y, r: np.ones_like(r)]] * 2,
    "subtract": [[lambda x, y, r: np.ones_like(r)], [lambda x, y, r: -np.ones_like(r)]],
    "multiply": [[lambda x, y, r: y], [lambda x, y, r: x]],
    "divide": [
        [lambda x, y, r: 1 / y],
        [lambda x, y, r: -r / y, lambda x, y, r: -x / (y * y), lambda x, y, r: -x / y**2],
    ],
    "power": [
        [lambda x, y, r: y * x ** (y - 1), lambda x, y, r: y * r / x],
        [lambda x, y, r: r * np.log(x)],
    ],
    "logaddexp": [
        [lambda x, y, r: np.exp(x - r), lambda x, y, r: 1 / (1 + np.exp(y - x))],
        [lambda x, y, r: np.exp(y - r), lambda x, y, r: 1 / (1 + np.exp(x - y))],
    ],
}

# Their formulas lose digits where an intermediate product underflows; no bound speaks of that.
DELICATE = {"reciprocal", "sqrt", "divide", "power"}


def arguments(name, regime, dtype, rng, count=COUNT):
    center, spread = REGIMES[regime]
    signs = 1.0 if name in POSITIVE else rng.choice([-1.0, 1.0], count)
    with np.errstate(all="ignore"):
        z = (signs * np.exp(center + spread * rng.standard_normal(count))).astype(dtype)
    if name == "log1p":
        z = z[z > -1]
    return z[np.isfinite(z) & (z != 0)]


def slopes_of(name, base, errors, u):
    """Return what the rules say at these operands, each field an array of the result's shape."""
    primitive = PRIMITIVES[name]
    result = np.asarray(primitive.evaluate(*base), np.float64)
    error = primitive.error(base, errors, result, u)
    slopes = primitive.slopes(Point(base, errors, result, error, u))
    return [Slope(*(np.broadcast_to(f, result.shape) for f in slope[:3])) for slope in slopes]


def by_hand(name, formula, arrays, result):
    """Return a formula in the user's dtype, nan where it loses digits by underflow."""
    if name not in DELICATE:
        return formula(*arrays, result)
    out = np.full(result.shape, np.nan, result.dtype)
    for k in np.flatnonzero(np.abs(result) >= np.finfo(result.dtype).tiny):
        with suppress(FloatingPointError), np.errstate(all="raise"):
            out[k : k + 1] = formula(*(a[k : k + 1] for a in arrays), result[k : k + 1])
    return out


def derivative(function, values, name):
    """Return the exact derivative, None where there is none."""
    if (name in POSITIVE and values[0] <= 0) or (name == "log1p" and values[0] <= -1):
        return None
    if name in {"reciprocal", "divide"} and values[-1] == 0:
        return None
    return mpmath.mpf(function(*values))


@pytest.fixture(scope="session")
def checked(moved, roundoff):
    def check(name, arrays, errors, dtype, rng, *, slack=1.0):
        """Check the rules of one primitive; return how many comparisons there were."""
        u = roundoff[dtype]
        count = 0
        with mpmath.workprec(BITS), np.errstate(all="ignore"):
            exact = [moved(a, e, rng) for a, e in zip(arrays, errors, strict=True)]
            rows = list(zip(*exact, strict=True))
            computed = PRIMITIVES[name].evaluate(*arrays)
            assert computed.dtype == dtype
            truths = [[derivative(f, row, name) for row in rows] for f in EXACTLY[name]]
            hands = [[by_hand(name, f, arrays, computed) for f in fs] for fs in WRITTEN[name]]
            # Values known to us are the user's own (float64), or next to the exact ones (float32).
            nearby = [np.array([float(value) for value in values]) for values in exact]
            for base in ([a.astype(np.float64) for a in arrays], nearby):
                for slope, truth, hand in zip(
                    slopes_of(name, base, errors, u), truths, hands, strict=True
                ):
                    assert not np.any(slope.kink)
                    for k, true in enumerate(truth):
                        if true is None or not slope.error[k] < u * float(np.finfo(dtype).max):
                            continue
                        # Slopes below the normal numbers are known to no more than these are.
                        limit = mpmath.mpf(ALLOWANCE * slack * slope.error[k])
                        limit += float(np.finfo(dtype).tiny)
                        own = limit + 2 * DOUBLE * abs(slope.value[k])
                        assert abs(slope.value[k] - true) <= own, (name, rows[k], slope.value[k])
                        for number, given in enumerate(hand):
                            if np.isfinite(given[k]) and np.isfinite(computed[k]):
                                off = abs(mpmath.mpf(float(given[k])) - true)
                                text = f"{name} {number}: off {float(off)} of {float(limit)}"
                                assert off <= limit, (text, [float(v) for v in rows[k]])
                                count += 1
        return count

    return check


def test_every_primitive_with_a_derivative_has_slopes():
    excepted = {Form.MATMUL, Form.GATHER, Form.RESHAPE}
    for name, primitive in PRIMITIVES.items():
        assert (primitive.slopes is unknown_slopes) == (primitive.form in excepted), name
    value, error, *_ = unknown_slopes(Point([np.ones(2)], [0.0], np.ones(2), 0.0, DOUBLE))[0]
    assert (value, error) == (0.0, np.inf)


@either_dtype
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(checked, errors_for, name, dtype):
    rng = np.random.default_rng(1)
    count = 0
    for regime in REGIMES:
        for kind in ("exact", "rounded", "wide"):
            z = arguments(name, regime, dtype, rng)
            count += checked(name, [z], [errors_for(z, kind, rng)], dtype, rng)
    assert count > 300


@either_dtype
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arguments(checked, errors_for, name, dtype):
    rng = np.random.default_rng(2)
    count = 0
    for first in REGIMES:
        for second in REGIMES:
            x = arguments(name, first, dtype, rng, 15)
            y = arguments("divide", second, dtype, rng, 15)
            length = min(x.size, y.size)
            x, y = x[:length], y[:length]
            kinds, slack = rng.choice(["exact", "rounded", "wide"], 2), 1.0
            if name == "power":
                y = rng.choice([0.5, 1, 1.5, 2, 3, 4, -1, -2.5, 0.1], length).astype(dtype)
                kinds[1] = rng.choice(["exact", "rounded"]) if kinds[0] != "wide" else "exact"
                slack = 1 + 2.0**-10  # of first order in the errors of both together
            elif first == second:  # nearly equal ones
                y = np.where(rng.random(length) < 0.5, x, x * (1 + np.finfo(dtype).eps))
                y = y.astype(dtype)
            errors = [errors_for(a, kind, rng) for a, kind in zip((x, y), kinds, strict=True)]
            count += checked(name, [x, y], errors, dtype, rng, slack=slack)
    assert count > 600


@either_dtype
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_bounds_for_exact_operands_are_a_few_roundings(roundoff, name, dtype):
    rng = np.random.default_rng(3)
    u = roundoff[dtype]
    arrays = [np.abs(rng.standard_normal(50)) + 0.1 for _ in EXACTLY[name]]
    for slope in slopes_of(name, arrays, [0.0] * len(arrays), u):
        assert np.all(slope.error <= 25 * u * (1 + np.abs(slope.value)))


@either_dtype
def test_saturated(checked, roundoff, dtype):
    rng = np.random.default_rng(4)
    z = np.array([-1000, -90, -45, -20, -12, -9, 0, 9, 12, 20, 45, 80], dtype)
    for error in (0.0, np.full(z.size, 1e-6), np.full(z.size, 0.3), np.full(z.size, 3.0)):
        for name in ("tanh", "exp", "expm1"):
            assert checked(name, [z], [error], dtype, rng) > 10
        assert checked("logaddexp", [np.zeros_like(z), z], [0.0, error], dtype, rng) > 20
        shifted = np.full_like(z, 1000)
        assert checked("logaddexp", [shifted, shifted + z], [0.0, error], dtype, rng) > 10
    # What 1 - y^2 leaves of a saturated tanh is no more than u of 1; its terms are 2.
    u = roundoff[dtype]
    result = np.tanh(np.full(1, 30.0))
    (slope,) = PRIMITIVES["tanh"].slopes(Point([np.full(1, 30.0)], [0.0], result, 0.0, u))
    assert slope.error == pytest.approx(u, abs=0)
    assert slope.size == slope.uncancelled == pytest.approx(2.0)
    # Of exp(x - r) where both are 0 there is no such loss.
    slopes = slopes_of("logaddexp", [np.zeros(1), np.full(1, -40.0)], [0.0, 0.0], u)
    assert slopes[1].error < 100 * u * slopes[1].value


def test_zero_where_the_derivative_is_finite(checked):
    rng = np.random.default_rng(5)
    for dtype in ("float64", "float32"):
        z = np.zeros(3, dtype)
        for error in (0.0, np.full(3, 1e-9)):
            for name in ("square", "exp", "expm1", "log1p", "tanh", "negative"):
                assert checked(name, [z], [error], dtype, rng) >= 6
            for name in ("add", "multiply", "logaddexp"):
                assert checked(name, [z, z], [error, 0.0], dtype, rng) >= 12


def test_nothing_is_known_where_the_derivative_is_not_finite():
    zero, u = np.zeros(1), DOUBLE
    with np.errstate(all="ignore"):
        for name in ("reciprocal", "sqrt", "log"):
            for error in (0.0, np.full(1, 1e-9)):
                (slope,) = slopes_of(name, [zero], [error], u)
                assert not slope.error < np.inf, name
        slopes = slopes_of("divide", [np.ones(1), np.ones(1)], [0.0, np.ones(1)], u)
        assert not np.any([slope.error < np.inf for slope in slopes])


def test_a_power_whose_base_may_be_zero():
    one, u = np.ones(1), DOUBLE
    with np.errstate(all="ignore"):
        for exponent in (-1.0, -2.0, 0.5, 1.5):
            by_base, by_exponent = slopes_of("power", [one, one * exponent], [one, 0.0], u)
            assert not by_base.error < np.inf, exponent
            assert not by_exponent.error < np.inf, exponent
        for exponent, most in ((0.0, 0.0), (1.0, 0.0), (2.0, 2.0), (3.0, 18.0)):
            by_base, _ = slopes_of("power", [one, one * exponent], [one, 0.0], u)
            assert by_base.error == pytest.approx(most, abs=1e-14)
    # A negative base with a whole exponent.
    x, dx, rng = np.array([-2.0]), np.array([0.3]), np.random.default_rng(6)
    with np.errstate(all="ignore"):
        by_base, _ = slopes_of("power", [x, one * 3], [dx, 0.0], u)
    for other in x + rng.uniform(-1, 1, 50) * ALLOWANCE * dx:
        assert abs(3 * other**2 - by_base.value) <= ALLOWANCE * by_base.error


def test_least():
    size, error = np.array([-3.0, 1.0, 2.0]), np.array([1.0, 0.5, 0.25])
    np.testing.assert_array_equal(least(size, 0.0), [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(least(size, error), [1.0, math.nan, 1.5])
