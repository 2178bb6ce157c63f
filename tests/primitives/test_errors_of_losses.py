"""The error rule of softmax and cross entropy, against mpmath, in every spelling of the two."""

import mpmath
import numpy as np
import pytest

from fastcheck.primitives.registry import PRIMITIVES
from fastcheck.primitives.running_error import ALLOWANCE

BITS = 400
either_dtype = pytest.mark.parametrize("dtype", ["float64", "float32"])

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


@either_dtype
@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0, 60.0, 300.0, 5000.0])
def test_softmax_cross_entropy_in_every_spelling(errors_for, moved, roundoff, dtype, scale):
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
                bound = primitive.error(base, [error, 0.0], result, roundoff[dtype])
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
