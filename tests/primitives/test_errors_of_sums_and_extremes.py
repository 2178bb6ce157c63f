"""The error rules of sums, matrix products and extremes: against mpmath and at random."""

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE

BITS = 400
either_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])


@either_dtype
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_sums(errors_for, moved, roundoff, dtype, scale):
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
                    [base], [brought], result, roundoff[dtype], **options
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


@either_dtype
@pytest.mark.parametrize("scales", [(1.0, 1.0), (1e-20, 1e-21), (1e20, 1e10), (1e-200, 1e-110)])
def test_matrix_products(errors_for, moved, roundoff, dtype, scales):
    rng = np.random.default_rng(7)
    u, ratios = roundoff[dtype], []
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
