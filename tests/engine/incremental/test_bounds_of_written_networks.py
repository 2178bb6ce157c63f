"""The bounds on a gradient beside what PyTorch and the engine make of it."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck.program.adjoint
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.program import base_values
from fastcheck.program.adjoint import adjoints
from fastcheck.program.clipped import clipped_logarithms
from fastcheck.recording import record
from fastcheck.verdict import bounds_of


def test_three_gradients_of_one_loss_lie_within_the_bounds(network):
    program, expected = network.program, network.expected
    found = adjoints(program, *base_values(program), clipped_logarithms(program))
    bounds = bounds_of(program, expected)
    numerical = network.differences().parameters
    for name, number in program.parameters.items():
        known, autograd = bounds[name], expected[name]
        g = numerical[name].central
        assert np.all(np.isfinite(known.bound))
        assert not known.single
        assert np.all(known.size >= np.abs(g) * (1 - 1e-12))
        assert np.all(known.bound <= 1e-10 * known.size + 1e-300)
        assert np.all(np.abs(g - autograd) <= known.bound + known.kink)
        adjoint = found[number]
        kink = 0.0 if adjoint.kink is None else adjoint.kink
        assert np.all(np.abs(adjoint.value - autograd) <= 2 * adjoint.error + kink)
        np.testing.assert_array_equal(known.centre, adjoint.value)
        # Not so wide as to mean nothing.
        visible = np.abs(autograd) > 1e-3 * known.size
        assert np.all(known.bound[visible] <= 1e-8 * np.abs(autograd[visible]))


def by_quotient(z):
    return 1 / (1 + np.exp(-z))


def by_logarithm(z):
    return np.exp(-np.logaddexp(0, -z))


def by_reciprocal(z):
    return np.reciprocal(np.exp(-z) + 1)


SPELLINGS = [by_quotient, by_logarithm, by_reciprocal]


@pytest.fixture
def saturated(make_model):
    """Return ``saturated(spelling, dtype)``: program, hand-written gradients, differences."""

    def build(spelling, dtype=np.float64):
        rng = np.random.default_rng(3)
        x = np.abs(rng.standard_normal((6, 5))).astype(dtype)
        top = 4.0 if dtype == np.float32 else 10.0
        params = {
            "W": (top * (0.5 + rng.random((5, 4)))).astype(dtype),
            "V": rng.standard_normal((4, 1)).astype(dtype),
        }
        t = rng.standard_normal((6, 1)).astype(dtype)

        def loss(p, x, t):
            return np.sum((spelling(x @ p["W"]) @ p["V"] - t) ** 2) / len(x)

        program = record(make_model(params, loss), x, t)
        y = spelling(x @ params["W"])
        d = 2 * (y @ params["V"] - t) / dtype(len(x))
        gradient = {"W": x.T @ ((d @ params["V"].T) * y * (1 - y)), "V": y.T @ d}
        assert y.max() > 1 - 1e-6
        return program, gradient, incremental_gradient(program, names=["W", "V"]).parameters

    return build


def beyond(program, gradient, numerical):
    """Return how far the gradient lies outside of the bounds, 1 being at the border."""
    bounds = bounds_of(program, gradient)
    return max(
        float(np.max(np.abs(gradient[name] - numerical[name].central) / bounds[name].bound))
        for name in gradient
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_y_times_1_minus_y_where_sigmoids_are_saturated(saturated, monkeypatch, spelling, dtype):
    given = saturated(spelling, dtype)
    assert beyond(*given) <= 1
    monkeypatch.setattr(fastcheck.program.adjoint, "sigmoids", lambda _: {})
    assert beyond(*given) > 1


def test_a_wrong_sign_in_a_saturated_sigmoid_is_far_beyond(saturated):
    program, gradient, numerical = saturated(by_quotient)
    gradient["W"] = -gradient["W"]
    assert beyond(program, gradient, numerical) > 1e3
