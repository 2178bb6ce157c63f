from __future__ import annotations

import mpmath
import numpy as np
import pytest

from bench.accurate import accurate_gradient, largest_error, precision
from bench.cases import Sizes, example_case, nn_case


@pytest.mark.parametrize("make", [nn_case, example_case])
def test_accurate_gradient_agrees_with_backprop(make):
    case = make(Sizes(batch=20, hidden=12))
    gradient = case.model.gradient(case.x, case.t)
    assert list(case.accurate) == list(gradient)
    assert case.error(gradient) < 1e-12


def mpmath_loss(params, x, t, *, activations, clip):
    """The loss of a classic network, sample by sample and unit by unit."""
    total = mpmath.mpf(0)
    for row, target in zip(x.tolist(), t.tolist(), strict=True):
        values = row
        for k, activation in enumerate(activations, start=1):
            W, b = params[f"W{k}"], params[f"b{k}"]
            z = [sum((v * W[i, j] for i, v in enumerate(values)), b[j]) for j in range(len(b))]
            values = [applied(activation, value) for value in z]
        powers = [mpmath.exp(value) for value in values]
        total -= mpmath.log(powers[target.index(1.0)] / sum(powers) + clip)
    return total / len(x)


def applied(activation, z):
    if activation == "relu":
        return max(z, mpmath.mpf(0))
    return mpmath.tanh(z) if activation == "tanh" else z


@pytest.mark.parametrize("clip", [0.0, 1e-7, 0.125])
@pytest.mark.parametrize("activations", [("relu", "relu"), ("relu", "none"), ("tanh", "none")])
def test_accurate_gradient_is_that_of_the_loss(activations, clip):
    rng = np.random.default_rng(3)
    params = {
        "W1": rng.standard_normal((4, 3)),
        "b1": rng.standard_normal(3),
        "W2": rng.standard_normal((3, 3)),
        "b2": rng.standard_normal(3),
    }
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 2, 1, 1, 0]]
    accurate = accurate_gradient(params, x, t, activations=activations, clip=clip)
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20  # truncation h**2, rounding 10**-60 / h: both 10**-40
        for name, array in params.items():
            exact = {key: np.vectorize(mpmath.mpf)(value) for key, value in params.items()}
            for index in np.ndindex(array.shape):
                middle = exact[name][index]
                losses = []
                for value in (middle + h, middle - h):
                    exact[name][index] = value
                    losses.append(mpmath_loss(exact, x, t, activations=activations, clip=clip))
                exact[name][index] = middle
                wanted = (losses[0] - losses[1]) / (2 * h)
                got = accurate[name][index]
                # A long double as the sum of two doubles, which mpmath takes exactly.
                high = float(got)
                error = abs(
                    mpmath.mpf(high) + mpmath.mpf(float(got - np.longdouble(high))) - wanted
                )
                assert error <= 50 * float(np.finfo(np.longdouble).eps)


def test_largest_error_is_that_of_the_worst_parameter():
    accurate = {"W": np.array([2.0, -4.0]), "b": np.array([10.0])}
    assert largest_error({"W": np.array([2.0, -3.0]), "b": np.array([10.1])}, accurate) == 0.25
    assert largest_error({"W": np.array([2.0, -4.0]), "b": np.array([5.0])}, accurate) == 0.5


def test_largest_error_of_zeros_and_nan():
    zeros = {"b": np.zeros(2)}
    assert largest_error(zeros, zeros) == 0.0
    assert largest_error({"b": np.array([0.0, 1e-300])}, zeros) == np.inf
    worst = {"a": np.array([np.nan]), "b": np.array([1.0])}
    assert np.isnan(largest_error(worst, {"a": np.array([1.0]), "b": np.array([1.0])}))


def test_precision_names_the_long_double(monkeypatch):
    assert precision().startswith("accurate gradient: backprop in ")
    monkeypatch.setattr(np, "longdouble", np.float64)
    assert "a long double is no wider on this platform" in precision()
