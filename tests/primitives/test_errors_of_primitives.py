"""The error rules against mpmath: what NumPy really gets wrong, in float64 and in float32."""

import math

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.base import Primitive
from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE, FUNCTION, underflow, unknown_error

ROUNDOFF = {"float64": 2.0**-53, "float32": 2.0**-24}
COUNT = 80
BITS = 400


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


def errors_for(array, kind, rng):
    """Return a bound for every element, or 0.0 for exact ones."""
    if kind == "exact":
        return 0.0
    size = np.abs(array.astype(np.float64))
    if kind == "rounded":  # well above how far float64 is from exact values
        return size * 2.0 ** rng.uniform(-32, -20, array.shape)
    # From a small part of the number to several times the number.
    return size * 2.0 ** rng.uniform(-20, 3, array.shape)


def moved(array, error, rng):
    """Return exact values within twice the errors of the user's `array`, often at the very end."""
    # 2^-20 less than twice: of first order in the unit roundoff, which is that of float32 too.
    part = rng.choice([-1.0, 1.0, 0.5, -0.3, 0.0], array.shape) * ALLOWANCE * (1 - 2.0**-20)
    delta = np.broadcast_to(part * error, array.shape)
    pairs = zip(array, delta, strict=True)
    with mpmath.workprec(BITS):
        return [mpmath.mpf(float(a)) + mpmath.mpf(float(d)) for a, d in pairs]


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


def rule_ratios(name, arrays, errors, dtype, rng):
    """Check one rule on the user's arrays; return the parts of the bounds that the errors are."""
    u = ROUNDOFF[dtype]
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
            bounds = primitive.error(base, errors, result, u if computed.dtype.kind == "f" else 0.0)
            if type(bounds) is not float:
                assert bounds.shape == result.shape
            full = np.broadcast_to(bounds, result.shape)
            limit = u * float(np.finfo(dtype).max)
            rows = zip(computed, truths, full, *exact, strict=True)
            ratios += [check(name, limit, *row) for row in rows]
    return ratios


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(name, dtype):
    rng = np.random.default_rng(1)
    checked = 0
    for regime in REGIMES:
        for kind in ("exact", "rounded", "wide"):
            z = arguments(name, regime, dtype, rng)
            ratios = rule_ratios(name, [z], [errors_for(z, kind, rng)], dtype, rng)
            checked += np.count_nonzero(np.isfinite(ratios))
    assert checked > 200 or name in {"negative", "absolute", "sign"}


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("name", [name for name in EXACTLY if name not in UNARY])
def test_functions_of_two_arguments(name, dtype):
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


def test_functions_saturated_or_far_beyond():
    with np.errstate(all="ignore"):
        for u in ROUNDOFF.values():
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


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "sqrt", "square"])
def test_bounds_of_single_roundings_are_not_vacuous(name, dtype):
    rng = np.random.default_rng(4)
    arrays = [np.abs(rng.standard_normal(400)).astype(dtype) for _ in range(2 - (name in UNARY))]
    ratios = rule_ratios(name, arrays, [0.0] * len(arrays), dtype, rng)
    # Differences of numbers of about one size are often exact.
    assert 0.05 < np.nanmean(ratios) < 1
    assert np.nanmax(ratios) <= 1


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_bounds_of_functions_are_not_vacuous(name, dtype):
    rng = np.random.default_rng(5)
    z = np.abs(rng.standard_normal(400)).astype(dtype)
    assert np.nanmedian(rule_ratios(name, [z], [0.0], dtype, rng)) > 0.03


def _exact_total(array):
    return mpmath.fsum(mpmath.mpf(float(item)) for item in np.ravel(array))


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_sums(dtype, scale):
    rng = np.random.default_rng(6)
    ratios = []
    for length in (1, 2, 10, 100, 3000):
        for cancelling in (False, True):
            a = (scale * rng.standard_normal((length, 4)) ** 3).astype(dtype)
            if cancelling:
                a = np.concatenate([a, -a[::-1]]) + a[:1] * 1e-3
                a = a.astype(dtype)
            error = errors_for(a, "rounded", rng)
            exact = np.array([moved(row, e, rng) for row, e in zip(a, error, strict=True)])
            for brought, true in ((error, exact), (0.0, a)):
                base = a.astype(np.float64)
                result = np.sum(base, axis=0)
                options = {"axis": (0,), "keepdims": False}
                bound = PRIMITIVES["sum"].error(
                    [base], [brought], result, ROUNDOFF[dtype], **options
                )
                assert bound.shape == (4,)
                for column in range(4):
                    with mpmath.workprec(BITS):
                        truth = mpmath.fsum(map(mpmath.mpf, true[:, column].tolist()))
                    # By columns NumPy adds in order, by a contiguous row in pairs.
                    for total in (np.sum(a, axis=0)[column], np.sum(a[:, column].copy())):
                        off = abs(mpmath.mpf(float(total)) - truth)
                        assert off <= ALLOWANCE * bound[column]
                        if true is a and length > 1:
                            ratios.append(float(off / bound[column]))
    assert np.median(ratios) > 1e-3


def test_a_sum_over_several_axes_keeps_its_shape():
    a = np.ones((2, 3, 4))
    for keepdims in (False, True):
        options = {"axis": (0, 2), "keepdims": keepdims}
        result = np.sum(a, **options)
        bound = PRIMITIVES["sum"].error([a], [0.0], result, 2.0**-53, **options)
        np.testing.assert_array_equal(bound, np.full(result.shape, 7 * 8 * 2.0**-53))
        exact = PRIMITIVES["sum"].error([a], [a * 0.25], result, 0.0, **options)
        np.testing.assert_array_equal(exact, np.full(result.shape, 2.0))


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e-20, 1e-21), (1e20, 1e10), (1e-200, 1e-110)])
def test_matrix_products(dtype, scales):
    rng = np.random.default_rng(7)
    u, ratios = ROUNDOFF[dtype], []
    for shape_a, shape_b in (
        ((3, 5), (5, 2)),
        ((4, 300), (300, 3)),
        ((2, 3, 5), (2, 5, 2)),
        ((2, 3, 5), (5, 2)),
        ((1, 1), (1, 4)),
    ):
        a = (scales[0] * rng.standard_normal(shape_a)).astype(dtype)
        b = (scales[1] * rng.standard_normal(shape_b)).astype(dtype)
        a[..., 0] = 0
        result = np.matmul(a.astype(np.float64), b.astype(np.float64))
        for kinds in (("exact", "exact"), ("exact", "wide"), ("wide", "exact"), ("wide", "wide")):
            errors = [errors_for(item, kind, rng) for item, kind in zip((a, b), kinds, strict=True)]
            operands = [a.astype(np.float64), b.astype(np.float64)]
            bound = PRIMITIVES["matmul"].error(operands, errors, result, u)
            assert bound.shape == result.shape
            with mpmath.workprec(BITS):
                exact = [
                    np.array(moved(item.ravel(), np.ravel(e) if np.ndim(e) else e, rng)).reshape(
                        item.shape
                    )
                    for item, e in zip((a, b), errors, strict=True)
                ]
                truth = np.matmul(*exact)
                off = np.abs(np.vectorize(mpmath.mpf)(np.matmul(a, b).astype(float)) - truth)
                assert np.all(off <= ALLOWANCE * bound)
                if kinds == ("exact", "exact") and shape_a[-1] > 1:
                    ratios += (off / bound).astype(float).ravel().tolist()
    if min(scales) > 1e-100:
        assert np.median(ratios) > (1e-3 if scales[0] > 1e-10 or dtype == "float64" else 0)


def test_an_extreme_by_reduction_is_where_its_errors_may_take_it():
    a = np.array([[3.0, 2.0, 0.0], [1.0, 1.0, 0.5]])
    da = np.array([[0.25, 1.5, 2.0], [0.0, 0.25, 0.5]])
    options = {"axis": (1,), "keepdims": False}
    top = PRIMITIVES["max"].error([a], [da], a.max(1), 2.0**-53, **options)
    # The second may become 5, the third 4; of the tied ones the second may win by its error.
    np.testing.assert_array_equal(top, [1.0, 0.25])
    least = PRIMITIVES["min"].error([a], [da], a.min(1), 2.0**-53, axis=(1,), keepdims=False)
    np.testing.assert_array_equal(least, [2.0, 0.5])
    kept = PRIMITIVES["max"].error(
        [a], [da], a.max(1, keepdims=True), 0.0, axis=(1,), keepdims=True
    )
    assert kept.shape == (2, 1)
    assert PRIMITIVES["max"].error([a], [0.0], a.max(1), 2.0**-53, **options) == 0.0


def test_extremes_by_reduction_at_random():
    rng = np.random.default_rng(8)
    a, da = rng.standard_normal((200, 6)), np.exp(rng.normal(-3, 2, (200, 6)))
    for name, function in (("max", np.max), ("min", np.min)):
        result = function(a, axis=1)
        bound = PRIMITIVES[name].error([a], [da], result, 0.0, axis=(1,), keepdims=False)
        reached = np.zeros(200)
        for _ in range(50):
            other = function(a + 2 * da * rng.choice([-1.0, 1.0], a.shape), axis=1)
            reached = np.maximum(reached, np.abs(other - result) / 2)
        assert np.all(reached <= bound * (1 + 1e-12))
        assert np.median(reached / bound) > 0.99


def test_a_dead_unit_is_exact_and_one_at_its_kink_in_doubt():
    z, dz = np.array([-1.0, -3e-3, 0.0, 3e-3, 1.0]), np.full(5, 2e-3)
    zero = np.zeros(())
    bound = PRIMITIVES["maximum"].error([z, zero], [dz, 0.0], np.maximum(z, 0), 2.0**-53)
    np.testing.assert_allclose(bound, [0, 0.5e-3, 2e-3, 2e-3, 2e-3])
    above = PRIMITIVES["greater"].error([z, zero], [dz, 0.0], z > 0, 0.0)
    np.testing.assert_array_equal(above, [0, 1, 1, 1, 0])
    sign = PRIMITIVES["sign"].error([z], [dz], np.sign(z), 2.0**-53)
    np.testing.assert_array_equal(sign, [0, 2, 1, 2, 0])
    for name in ("maximum", "minimum", "greater", "equal"):
        assert PRIMITIVES[name].error([z, zero], [0.0, 0.0], z, 2.0**-53) == 0.0


def test_a_choice_has_the_error_of_its_branch_and_in_doubt_the_distance_of_both():
    mask = np.array([1.0, 0.0, 1.0, 0.0])
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array(1.5)
    dx, dy = np.full(4, 0.125), np.array(0.25)
    rule = PRIMITIVES["where"].error
    result = np.where(mask, x, y)
    np.testing.assert_array_equal(
        rule([mask, x, y], [0.0, dx, dy], result, 2.0**-53), [0.125, 0.25, 0.125, 0.25]
    )
    doubt = np.array([1.0, 1.0, 0.0, 0.0])
    np.testing.assert_array_equal(
        rule([mask, x, y], [doubt, dx, dy], result, 2.0**-53), [0.5, 0.375, 0.125, 0.25]
    )
    assert rule([mask, x, y], [0.0, 0.0, 0.0], result, 2.0**-53) == 0.0
    assert rule([np.ones(()), x, y], [0.0, 0.0, dy], x, 2.0**-53).shape == (4,)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
    ],
)
def test_a_logical_answer_is_in_doubt_where_it_hangs_on_one_that_is(name, function):
    values = [(x, y, dx, dy) for x in (0, 1) for y in (0, 1) for dx in (0, 1) for dy in (0, 1)]
    for x, y, dx, dy in values:
        answers = {
            bool(function(a, b)) for a in ({0, 1} if dx else {x}) for b in ({0, 1} if dy else {y})
        }
        operands = [np.array([float(x)]), np.array([float(y)])]
        errors = [np.array([float(dx)]), np.array([float(dy)])]
        bound = PRIMITIVES[name].error(operands, errors, function(*operands), 0.0)
        assert bound == len(answers) - 1


def test_rearrangements_carry_the_errors_along():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(2.0)
    da, db = 1 + a, 10 + b
    index = np.array([[5, 0], [7, 1]])
    result = np.concatenate([a.ravel(), b])[index]
    merge = PRIMITIVES["merge"].error
    np.testing.assert_array_equal(
        merge([a, b], [da, db], result, 0.1, index=index), [[6, 1], [11, 2]]
    )
    np.testing.assert_array_equal(
        merge([a, b], [0.0, db], result, 0.1, index=index), [[0, 0], [11, 0]]
    )
    assert merge([a, b], [0.0, 0.0], result, 0.1, index=index) == 0.0
    gather = PRIMITIVES["gather"].error
    np.testing.assert_array_equal(
        gather([a], [da], a.ravel()[[4, 0]], 0.1, index=np.array([4, 0])), [5, 1]
    )
    reshape = PRIMITIVES["reshape"].error
    np.testing.assert_array_equal(reshape([a], [da], a.ravel(), 0.1, shape=(6,)), da.ravel())
    assert reshape([a], [0.0], a.ravel(), 0.1, shape=(6,)) == 0.0


SPELLINGS = {
    "shifted": lambda z, t: (
        -np.sum(
            t * ((s := z - z.max(1, keepdims=True)) - np.log(np.exp(s).sum(1, keepdims=True))),
            axis=1,
        )
    ),
    "from below": lambda z, t: (
        -np.sum(
            t * ((s := z - z.min(1, keepdims=True)) - np.log(np.exp(s).sum(1, keepdims=True))),
            axis=1,
        )
    ),
    "unshifted": lambda z, t: -np.sum(t * (z - np.log(np.exp(z).sum(1, keepdims=True))), axis=1),
    "put back": lambda z, t: (
        -np.sum(
            t
            * (z - ((c := z.max(1, keepdims=True)) + np.log(np.exp(z - c).sum(1, keepdims=True)))),
            axis=1,
        )
    ),
    "ratio": lambda z, t: (
        -np.sum(
            t * np.log((e := np.exp(z - z.max(1, keepdims=True))) / e.sum(1, keepdims=True)), axis=1
        )
    ),
    "unshifted ratio": lambda z, t: (
        -np.sum(t * np.log((e := np.exp(z)) / e.sum(1, keepdims=True)), axis=1)
    ),
}


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0, 60.0, 300.0, 5000.0])
def test_softmax_cross_entropy_in_every_spelling(dtype, scale):
    rng = np.random.default_rng(9)
    z = (scale * rng.standard_normal((40, 5)) + rng.choice([0, 1, 5], (40, 1)) * scale).astype(
        dtype
    )
    hard = np.eye(5)[rng.integers(0, 5, 40)]
    saturated = np.eye(5)[np.argmax(z, axis=1)]
    soft = rng.random((40, 5))
    primitive = PRIMITIVES["softmax_cross_entropy"]
    found = dict.fromkeys(SPELLINGS, 0)
    for targets in (hard, saturated, soft):
        t = targets.astype(dtype)
        for kind in ("exact", "rounded"):
            error = errors_for(z, kind, rng)
            with mpmath.workprec(BITS), np.errstate(all="ignore"):
                rows = [
                    moved(row, e, rng)
                    for row, e in zip(z, np.broadcast_to(error, z.shape), strict=True)
                ]
                truth = [
                    mpmath.fsum(
                        mpmath.mpf(float(w)) * (mpmath.log(mpmath.fsum(map(mpmath.exp, row))) - s)
                        for w, s in zip(weights, row, strict=True)
                    )
                    for row, weights in zip(rows, t, strict=True)
                ]
                base = [z.astype(np.float64), t.astype(np.float64)]
                result = primitive.evaluate(*base)
                bound = primitive.error(base, [error, 0.0], result, ROUNDOFF[dtype])
                assert bound.shape == (40,)
                assert np.all(np.isfinite(bound))
                for name, spelling in SPELLINGS.items():
                    for computed, true, limit in zip(spelling(z, t), truth, bound, strict=True):
                        if np.isfinite(computed):
                            found[name] += 1
                            off = abs(mpmath.mpf(float(computed)) - true)
                            assert off <= ALLOWANCE * limit, (name, float(true), computed, limit)
    assert found["shifted"] == 240
    assert found["unshifted ratio"] > 100 or scale > 50


def test_large_errors_of_scores():
    rng = np.random.default_rng(10)
    primitive = PRIMITIVES["softmax_cross_entropy"]
    z, t = 5 * rng.standard_normal((300, 4)), rng.random((300, 4))
    for size in (1e-3, 0.3, 2.0, 100.0):
        dz = size * rng.random(z.shape)
        result = primitive.evaluate(z, t)
        bound = primitive.error([z, t], [dz, 0.0], result, 2.0**-53)
        for _ in range(20):
            other = primitive.evaluate(z + 2 * dz * rng.choice([-1.0, 1.0], z.shape), t)
            assert np.all(np.abs(other - result) <= ALLOWANCE * bound)


def test_a_score_of_minus_infinity_counts_only_where_its_target_does():
    primitive = PRIMITIVES["softmax_cross_entropy"]
    z = np.array([[1.0, -np.inf, 2.0]])
    with np.errstate(all="ignore"):
        for t in ([[1.0, 0, 0]], [[0, 1.0, 0]]):
            target = np.array(t)
            result = primitive.evaluate(z, target)
            bound = primitive.error([z, target], [0.0, 0.0], result, 2.0**-53)
            assert np.isfinite(bound[0]) == np.isfinite(result[0])


def test_nothing_is_promised_of_a_primitive_without_a_rule():
    bare = Primitive("bare", 0, np.add, lambda *_: None)
    assert bare.error is unknown_error
    np.testing.assert_array_equal(bare.error([], [], np.zeros((2, 1)), 0.1), [[np.inf], [np.inf]])


def test_every_primitive_has_a_rule():
    assert [name for name, item in PRIMITIVES.items() if item.error is unknown_error] == []
