"""The error rules of functions element by element, against mpmath: what NumPy really gets wrong."""

import math

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE, FUNCTION, underflow

COUNT = 80
BITS = 400
either_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def _power(x, y):
    return mpmath.mpf(1) if y == 0 else mpmath.re(mpmath.power(x, y))


def _logaddexp(x, y):
    high, low = max(x, y), min(x, y)
    return high + mpmath.log1p(mpmath.exp(low - high))


EXACTLY = {
    "negative": lambda z: -z,
    "reciprocal": lambda z: 1 / z,
    "square": lambda z: z * z,
    "sqrt": mpmath.sqrt,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "absolute": abs,
    "sign": mpmath.sign,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": _power,
    "logaddexp": _logaddexp,
    "maximum": max,
    "minimum": min,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
}
# Below (or at) this the function is not a real number.
LOWEST = {"sqrt": 0, "log": 0, "log1p": -1, "power": 0}
UNARY = [name for name, function in EXACTLY.items() if list(EXACTLY).index(name) < 11]

# How large arguments are, by a name: (center, spread in powers of e, both signs).
REGIMES = {
    "ordinary": (0.0, 1.0),
    "moderate": (2.0, 1.0),
    "tiny": (-60.0, 20.0),
    "small": (-10.0, 5.0),
    "large": (10.0, 3.0),
    "huge": (60.0, 10.0),
    # Around the smallest normal number and below it.
    "subnormal": (None, 8.0),
}


def arguments(name, regime, dtype, rng):
    center, spread = REGIMES[regime]
    if center is None:
        center = math.log(float(np.finfo(dtype).tiny))
    signs = 1.0 if name in {"sqrt", "log", "power"} else rng.choice([-1.0, 1.0], COUNT)
    with np.errstate(all="ignore"):
        z = (signs * np.exp(center + spread * rng.standard_normal(COUNT))).astype(dtype)
    if name == "log1p":
        z = z[z > -1]
    if name in {"log", "reciprocal", "divide", "power"}:
        z = z[z != 0]
    return z[np.isfinite(z)]


def exactly(name, values):
    """The exact result; None where there is none."""
    lowest = LOWEST.get(name)
    if lowest is not None and values[0] <= lowest and not (name == "sqrt" and values[0] == 0):
        return None
    if name in {"reciprocal", "divide"} and values[-1] == 0:
        return None
    return mpmath.mpf(EXACTLY[name](*values))


def check(name, limit, computed, truth, bound, *values):
    """Assert that the bound holds; return the error's part of it, nan where there is none.

    From `limit` on, the sweep takes a bound for inf.
    """
    if truth is None:
        # Undefined within the errors: only sqrt and powers take for granted that they are not.
        assert name in {"sqrt", "power"} or not bound < limit, values
        return math.nan
    if not np.isfinite(computed):
        assert not bound < limit, (values, truth, bound)
        return math.nan
    if not bound < limit:
        return math.nan
    error = abs(mpmath.mpf(float(computed)) - truth)
    assert error <= ALLOWANCE * bound, (name, values, float(truth), computed, float(error), bound)
    return float(error / bound) if bound else math.nan


@pytest.fixture(scope="session")
def rule_ratios(moved, roundoff):
    def ratios_of(name, arrays, errors, dtype, rng):
        """Check one rule on the user's arrays; return which parts of the bounds the errors are."""
        u = roundoff[dtype]
        primitive = PRIMITIVES[name]
        with mpmath.workprec(BITS), np.errstate(all="ignore"):
            exact = [moved(a, e, rng) for a, e in zip(arrays, errors, strict=True)]
            computed = primitive.evaluate(*arrays)
            truths = [exactly(name, values) for values in zip(*exact, strict=True)]
            ratios = []
            # Values known to us are the user's own (float64), or next to the exact ones (float32).
            nearby = [np.array([float(value) for value in values]) for values in exact]
            for base in ([a.astype(np.float64) for a in arrays], nearby):
                result = np.asarray(primitive.evaluate(*base), np.float64)
                bounds = primitive.error(
                    base, errors, result, u if computed.dtype.kind == "f" else 0.0
                )
                if type(bounds) is not float:
                    assert bounds.shape == result.shape
                full = np.broadcast_to(bounds, result.shape)
                limit = u * float(np.finfo(dtype).max)
                rows = zip(computed, truths, full, *exact, strict=True)
                ratios += [check(name, limit, *row) for row in rows]
        return ratios

    return ratios_of


@either_dtype
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(rule_ratios, errors_for, name, dtype):
    rng = np.random.default_rng(1)
    checked = 0
    for regime in REGIMES:
        for kind in ("exact", "rounded", "wide"):
            z = arguments(name, regime, dtype, rng)
            ratios = rule_ratios(name, [z], [errors_for(z, kind, rng)], dtype, rng)
            checked += np.count_nonzero(np.isfinite(ratios))
    assert checked > 200 or name in {"negative", "absolute", "sign"}


@either_dtype
@pytest.mark.parametrize("name", [name for name in EXACTLY if name not in UNARY])
def test_functions_of_two_arguments(rule_ratios, errors_for, name, dtype):
    rng = np.random.default_rng(2)
    for first in REGIMES:
        for second in REGIMES:
            x, y = arguments(name, first, dtype, rng), arguments("divide", second, dtype, rng)
            kinds = rng.choice(["exact", "rounded", "wide"], 2)
            length = min(x.size, y.size, 25)
            x, y = x[:length], y[:length]
            if name == "power":
                y = (rng.choice([0, 0.5, 1, 1.5, 3, -1, -2.5, 0.1], length)).astype(dtype)
                kinds[1] = rng.choice(["exact", "rounded"])
            if first == second:  # nearly equal ones
                y = np.where(rng.random(length) < 0.5, x, x * (1 + np.finfo(dtype).eps)).astype(
                    dtype
                )
                y = y if name != "power" else np.clip(y, 0, 30)
            errors = [errors_for(a, kind, rng) for a, kind in zip((x, y), kinds, strict=True)]
            rule_ratios(name, [x, y], errors, dtype, rng)


def test_a_whole_exponent_of_a_base_on_either_side_of_zero():
    rng = np.random.default_rng(3)
    x = rng.standard_normal(COUNT)
    for exponent in (0.0, 1.0, 2.0, 3.0, 5.0):
        y, dx = np.full(COUNT, exponent), 2 * np.abs(x)
        exact = x + rng.uniform(-1, 1, COUNT) * ALLOWANCE * dx
        with np.errstate(all="ignore"):
            bound = PRIMITIVES["power"].error([x, y], [dx, 0.0], np.power(x, y), 2.0**-53)
        assert np.all(np.abs(np.power(exact, y) - np.power(x, y)) <= ALLOWANCE * bound)
    zero = np.zeros(1)
    cubed = PRIMITIVES["power"].error([zero, zero + 3], [zero + 1e-3, 0.0], zero, 2.0**-53)
    assert cubed == pytest.approx(3 * 8e-9 / 2)


def test_functions_saturated_or_far_beyond(roundoff):
    with np.errstate(all="ignore"):
        for u in roundoff.values():
            z = np.array([-1e4, -700.0, -40.0, 0.0, 40.0])
            for d in (np.full(5, 1e-9), np.full(5, 3.0), np.full(5, 4500.0)):
                bound = PRIMITIVES["exp"].error([z], [d], np.exp(z), u)
                with mpmath.workprec(BITS):
                    largest = [
                        (mpmath.exp(mpmath.mpf(a) + 2 * b) - mpmath.exp(a)) / 2
                        for a, b in zip(z, d, strict=True)
                    ]
                assert all(not b < lim * 0.999 for b, lim in zip(bound, largest, strict=True))
                assert bound[0] < 1e-40  # not nan, not inf
                bound = PRIMITIVES["tanh"].error([z], [d], np.tanh(z), u)
                assert np.all(bound < 1.001)
            assert np.all(bound[1:] > 0.49)
            saturated = PRIMITIVES["tanh"].error([z], [np.full(5, 1e-3)], np.tanh(z), u)
            assert saturated[0] == saturated[1] == pytest.approx(FUNCTION * u, rel=1e-6)
            softplus = PRIMITIVES["logaddexp"]
            bound = softplus.error([np.zeros(5), z], [0.0, z * 0 + 1e-3], np.logaddexp(0, z), u)
            assert FUNCTION * underflow(u) <= bound[0] <= 3 * FUNCTION * underflow(u)
            assert bound[2] == pytest.approx(1e-3 * math.exp(-40), rel=2e-3)


@either_dtype
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "sqrt", "square"])
def test_bounds_of_single_roundings_are_not_vacuous(rule_ratios, name, dtype):
    rng = np.random.default_rng(4)
    arrays = [np.abs(rng.standard_normal(400)).astype(dtype) for _ in range(2 - (name in UNARY))]
    ratios = rule_ratios(name, arrays, [0.0] * len(arrays), dtype, rng)
    # Differences of numbers of about one size are often exact.
    assert 0.05 < np.nanmean(ratios) < 1
    assert np.nanmax(ratios) <= 1


@either_dtype
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_bounds_of_functions_are_not_vacuous(rule_ratios, name, dtype):
    rng = np.random.default_rng(5)
    z = np.abs(rng.standard_normal(400)).astype(dtype)
    assert np.nanmedian(rule_ratios(name, [z], [0.0], dtype, rng)) > 0.03
