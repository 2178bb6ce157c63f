"""The slope rules of switches, extremes and softmax cross entropy."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE, underflow
from fastcheck.primitives.slopes import NONE, ONE, Point

BITS = 400

DOUBLE = 2.0**-53

either_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


def softmax_backwards(z, t):
    """Return the gradient by the scores in the dtype of z, spelled in several ways."""
    whole = t.sum(1, keepdims=True)
    found = {}
    shifts = {
        "largest": z.max(1, keepdims=True),
        "none": np.zeros_like(z[:, :1]),
        "smallest": z.min(1, keepdims=True),
    }
    for name, shift in shifts.items():
        powers = np.exp(z - shift)
        powers[np.isinf(powers).any(axis=1)] = np.nan
        p = powers / powers.sum(1, keepdims=True)
        found[f"p - t, shift {name}"] = whole * p - t
    powers = np.exp(z - shifts["largest"])
    p = powers / powers.sum(1, keepdims=True)
    log_p = z - shifts["largest"] - np.log(powers.sum(1, keepdims=True))
    found["exp of log p"] = whole * np.exp(log_p) - t
    # Through the logarithm and the softmax one by one.
    by_p = -t / p
    found["jacobian"] = p * (by_p - (p * by_p).sum(1, keepdims=True))
    return found


@either_dtype
@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0, 60.0])
def test_softmax_cross_entropy(errors_for, moved, roundoff, dtype, scale):
    rng = np.random.default_rng(9)
    rows, classes, u = 25, 5, roundoff[dtype]
    z = scale * (rng.standard_normal((rows, classes)) + rng.choice([0, 1, 5], (rows, 1)))
    z = z.astype(dtype)
    hard = np.eye(classes)[rng.integers(0, classes, rows)]
    saturated = np.eye(classes)[np.argmax(z, axis=1)]
    soft = rng.random((rows, classes))
    primitive = PRIMITIVES["softmax_cross_entropy"]
    found = {}
    for targets in (hard, saturated, soft):
        t = targets.astype(dtype)
        for kind in ("exact", "rounded"):
            error = errors_for(z, kind, rng)
            with mpmath.workprec(BITS), np.errstate(all="ignore"):
                full = np.broadcast_to(error, z.shape)
                exact = [moved(row, e, rng) for row, e in zip(z, full, strict=True)]
                truth = []
                for row, weights in zip(exact, t, strict=True):
                    total = mpmath.fsum(map(mpmath.exp, row))
                    whole = mpmath.fsum(float(w) for w in weights)
                    truth.append(
                        [
                            whole * mpmath.exp(s) / total - float(w)
                            for s, w in zip(row, weights, strict=True)
                        ]
                    )
                base = [z.astype(np.float64), t.astype(np.float64)]
                result = primitive.evaluate(*base)
                slope, by_targets = primitive.slopes(Point(base, [error, 0.0], result, 0.0, u))
                assert slope.kink == 0.0
                np.testing.assert_allclose(
                    np.sum(by_targets.value * base[1], axis=1), result, rtol=1e-12, atol=1e-300
                )
                assert np.all(np.abs(slope.value) <= slope.size * (1 + 1e-15))
                given = softmax_backwards(z, t) | {"ours": slope.value}
                for name, gradient in given.items():
                    for index in np.ndindex(z.shape):
                        if not np.isfinite(gradient[index]):
                            continue
                        off = abs(mpmath.mpf(float(gradient[index])) - truth[index[0]][index[1]])
                        limit = ALLOWANCE * slope.error[index] + underflow(u)
                        text = f"{name}: off {float(off)} of {limit}"
                        assert off <= limit, (text, z[index[0]], t[index[0]])
                        found[name] = found.get(name, 0) + 1
    assert found["ours"] == found["p - t, shift largest"] == 750
    assert found["jacobian"] >= 150


def test_softmax_cross_entropy_is_not_vacuous():
    rng = np.random.default_rng(10)
    z, t = rng.standard_normal((20, 4)), np.eye(4)[rng.integers(0, 4, 20)]
    slope, by_targets = PRIMITIVES["softmax_cross_entropy"].slopes(
        Point([z, t], [0.0, np.full(t.shape, 1e-9)], np.zeros(20), 0.0, DOUBLE)
    )
    assert np.all(slope.error <= 60 * DOUBLE * slope.size)
    assert by_targets.error == np.inf


def sides(name, operands, errors):
    result = PRIMITIVES[name].evaluate(*operands)
    return PRIMITIVES[name].slopes(Point(operands, errors, result, 0.0, DOUBLE))


def test_switches_within_error():
    d = np.full(5, 1e-3)
    z = np.array([-1.0, -1.999e-3, 0.0, 1.999e-3, 2.001e-3])
    (slope,) = sides("absolute", [z], [d])
    np.testing.assert_array_equal(slope.value, [-1, 0, 0, 0, 1])
    np.testing.assert_array_equal(slope.kink, [0, 1, 1, 1, 0])
    zero = np.zeros(())
    for errors in ([d, 0.0], [d / 2, d / 2]):
        first, second = sides("maximum", [z, zero], errors)
        np.testing.assert_array_equal(first.value, [0, 0.5, 0.5, 0.5, 1])
        np.testing.assert_array_equal(second.value, [1, 0.5, 0.5, 0.5, 0])
        np.testing.assert_array_equal(first.kink, [0, 0.5, 0.5, 0.5, 0])
        np.testing.assert_array_equal(second.kink, first.kink)
        first, second = sides("minimum", [z, zero], errors)
        np.testing.assert_array_equal(first.value, [1, 0.5, 0.5, 0.5, 0])
        np.testing.assert_array_equal(second.value, [0, 0.5, 0.5, 0.5, 1])
    none, first, second = sides("where", [z, z, z], [d, 0.0, 0.0])
    assert none == NONE
    np.testing.assert_array_equal(first.value, [1, 0.5, 0.5, 0.5, 1])
    np.testing.assert_array_equal(second.value, [0, 0.5, 0.5, 0.5, 0])
    np.testing.assert_array_equal(first.kink, [0, 0.5, 0.5, 0.5, 0])


def test_exact_switches_are_open_at_equality_alone():
    z = np.array([-5e-324, 0.0, 5e-324, np.inf])
    (slope,) = sides("absolute", [z], [0.0])
    np.testing.assert_array_equal(slope.value, [-1, 0, 1, 1])
    np.testing.assert_array_equal(slope.kink, [0, 1, 0, 0])
    first, _ = sides("maximum", [z, np.zeros(())], [0.0, 0.0])
    np.testing.assert_array_equal(first.kink, [0, 0.5, 0, 0])
    first, second = sides("maximum", [np.array([2.0, -1]), np.zeros(())], [0.0, 0.0])
    assert first.kink == second.kink == 0.0
    np.testing.assert_array_equal(first.value, [1, 0])
    # A mask is one or the other.
    for error in (0.0, np.zeros(2)):
        _, first, second = sides("where", [np.array([1.0, 0.0]), z[:2], z[:2]], [error, 0.0, 0.0])
        np.testing.assert_array_equal(first.value, [1, 0])
        np.testing.assert_array_equal(second.value, [0, 1])
        assert first.kink == second.kink == 0.0


@pytest.mark.parametrize("name", ["greater", "less_equal", "equal", "logical_and", "sign"])
def test_answers_are_flat(name):
    count = 1 if name == "sign" else 2
    operands = [np.array([0.0, 1.0])] * count
    assert sides(name, operands, [0.0] * count) == (NONE,) * count


@pytest.mark.parametrize(("name", "sign"), [("max", 1.0), ("min", -1.0)])
def test_winners_of_reductions(name, sign):
    a = sign * np.array([[1.0, 3.0, 3.0 - 1e-3], [2.0, 0.0, 1.0], [5.0, 5.0, 5.0]])
    primitive = PRIMITIVES[name]
    for keepdims in (False, True):
        options = {"axis": (1,), "keepdims": keepdims}
        result = primitive.evaluate(a, **options)
        for error, tied in ((0.0, False), (np.full(a.shape, 1e-4), False), (1e-3 + 0 * a, True)):
            bound = primitive.error([a], [error], result, DOUBLE, **options)
            (slope,) = primitive.slopes(Point([a], [error], result, bound, DOUBLE), **options)
            first = [0, 0.5, 0.5] if tied else [0, 1, 0]
            np.testing.assert_array_equal(slope.value, [first, [1, 0, 0], [0.5] * 3])
            np.testing.assert_array_equal(
                slope.kink, [[0, 0.5, 0.5] if tied else [0] * 3, [0] * 3, [0.5] * 3]
            )
    assert PRIMITIVES["sum"].slopes(Point([a], [0.0], result, 0.0, DOUBLE), **options) == (ONE,)
