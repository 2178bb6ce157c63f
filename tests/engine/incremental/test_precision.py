"""The classic network against a backprop in mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.recording import record

PRECISION = 1e-13

# Of every element of an array.
exact = np.frompyfunc(mpmath.mpf, 1, 1)
exp = np.frompyfunc(mpmath.exp, 1, 1)


@mpmath.workdps(40)
def backprop(params, x, t, *, output_relu, epsilon):
    """Affine, ReLU, Affine, ReLU if wanted, and -sum t log(p + epsilon) / N."""
    W1, b1, W2, b2 = (exact(params[name]) for name in ("W1", "b1", "W2", "b2"))
    x, t = exact(x), exact(t)
    z1 = x @ W1 + b1
    a1 = np.maximum(z1, 0)
    z2 = a1 @ W2 + b2
    scores = np.maximum(z2, 0) if output_relu else z2
    powers = exp(scores - scores.max(axis=1, keepdims=True))
    p = powers / powers.sum(axis=1, keepdims=True)
    # Of one-hot rows t p - t p / (p + epsilon) would cancel less: it is p that is computed well.
    weights = t * (p / (p + epsilon))
    d2 = (weights.sum(axis=1, keepdims=True) * p - weights) / len(x)
    if output_relu:
        d2 = d2 * (z2 > 0)
    d1 = (d2 @ W2.T) * (z1 > 0)
    return {"W1": x.T @ d1, "b1": d1.sum(axis=0), "W2": a1.T @ d2, "b2": d2.sum(axis=0)}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("output_relu", [True, False], ids=["output ReLU", "no output ReLU"])
@pytest.mark.parametrize(
    ("loss", "epsilon"),
    [(nn.SoftmaxCrossEntropy(), 0.0), (nn.ClippedSoftmaxCrossEntropy(), 1e-7)],
    ids=["exact", "clipped"],
)
@pytest.mark.parametrize("scale", [1.0, 255.0], ids=["unit", "raw"])
def test_the_classic_network_is_right_to_1e_13_of_its_largest_entry(
    seed, output_relu, loss, epsilon, scale
):
    rng = np.random.default_rng(seed)
    net = nn.TwoLayerNet(30, 12, 5, weight_scale=0.1, output_relu=output_relu, loss=loss, seed=seed)
    pixels = rng.integers(0, 256, (20, 30)) * (rng.random((20, 30)) < 0.3)
    x, t = pixels * (scale / 255.0), np.eye(5)[rng.integers(0, 5, 20)]
    expected = backprop(net.params, x, t, output_relu=output_relu, epsilon=epsilon)
    result = incremental_gradient(record(net, x, t), names=list(net.params))
    for name, entries in expected.items():
        found = result.parameters[name]
        assert not found.switched.any()
        error = np.abs(found.central - entries).max() / np.abs(entries).max()
        assert error <= PRECISION, (name, float(error))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_float32_model_is_differenced_in_float64_from_its_values(dtype):
    rng = np.random.default_rng(5)
    net = nn.TwoLayerNet(20, 7, 4, weight_scale=0.4, dtype=dtype)
    x, t = rng.random((6, 20)).astype(dtype), np.eye(4, dtype=dtype)[rng.integers(0, 4, 6)]
    expected = backprop(net.params, x, t, output_relu=True, epsilon=0.0)
    result = incremental_gradient(record(net, x, t), names=list(net.params))
    for name, entries in expected.items():
        found = result.parameters[name].central
        assert found.dtype == np.float64
        assert np.abs(found - entries).max() <= PRECISION * np.abs(entries).max()
