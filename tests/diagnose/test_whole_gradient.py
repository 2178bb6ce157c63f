"""Mistakes that spoil several parameters, told by going back through the recording."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck.diagnose import diagnose


def backward(model, x, t, slope, scores=None):
    """The gradient of `OwnNetwork`, with this slope of the activation, and dL/dz."""
    p = model.params
    before = x @ p["W1"] + p["b1"]
    after = model.activation(before)
    z = after @ p["W2"] + p["b2"]
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    y = powers / powers.sum(axis=1, keepdims=True)
    dz = (y - t) / len(x) if scores is None else scores(y, z, t)
    da = dz @ p["W2"].T * slope(before, after)
    return {
        "W1": x.T @ da + model.l2 * p["W1"],
        "b1": da.sum(axis=0),
        "W2": after.T @ dz + model.l2 * p["W2"],
        "b2": dz.sum(axis=0),
    }


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def mask(x, y):
    return x > 0


ACTIVATIONS = [
    ("mask", relu, lambda x, y: 1.0),
    ("mask", relu, lambda x, y: x <= 0),
    ("mask", relu, lambda x, y: y),
    ("mask", lambda x: np.where(x > 0, x, 0.1 * x), lambda x, y: x > 0),
    ("derivative", np.tanh, lambda x, y: 1.0),
    ("derivative", np.tanh, lambda x, y: 1 - x * x),
    ("derivative", sigmoid, lambda x, y: 1.0),
    ("derivative", sigmoid, lambda x, y: x * (1 - x)),
    ("derivative", sigmoid, lambda x, y: sigmoid(y) * (1 - sigmoid(y))),
    ("derivative", lambda x: np.log1p(np.exp(x)), lambda x, y: y),
]


@pytest.mark.parametrize(("kind", "activation", "slope"), ACTIVATIONS)
def test_wrong_derivatives(kind, activation, slope, *, own_network, batch, make_case):
    model = own_network(activation)
    case = make_case(model, *batch, lambda _: backward(model, *batch, slope))
    (finding,) = diagnose(case)
    assert (finding.kind, finding.parameter) == (kind, None)
    assert "W1 and b1" in finding.message
    assert len(finding.where) >= 1


SCORES = [
    ("factor", lambda y, z, t: y - t),
    ("factor", lambda y, z, t: (t - y) / len(t)),
    ("factor", lambda y, z, t: (y - t) / y.size),
    ("loss", lambda y, z, t: y / len(t)),
    ("loss", lambda y, z, t: (z - t) / len(t)),
    ("loss", lambda y, z, t: (y - np.roll(t, 1, axis=1)) / len(t)),
    ("stale", lambda y, z, t: (y - t[::-1]) / len(t)),
]


@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize(("kind", "scores"), SCORES)
def test_gradients_of_other_losses(kind, scores, *, l2, own_network, batch, make_case):
    model = own_network(l2=l2)
    case = make_case(model, *batch, lambda _: backward(model, *batch, mask, scores))
    (finding,) = diagnose(case)
    assert (finding.kind, finding.parameter) == (kind, None)


def test_the_epsilon_is_named(own_network, batch, make_case):
    model = own_network(epsilon=1e-7)
    case = make_case(model, *batch, lambda _: backward(model, *batch, mask))
    (finding,) = diagnose(case)
    assert finding.kind == "loss"
    assert finding.evidence["epsilon"] == 1e-7
    assert "1e-07" in finding.message


def test_not_transposed_on_the_way_down(own_network, batch, make_case):
    model = own_network(np.tanh)

    def wrong(gradient):
        x, t = batch
        right = backward(model, x, t, lambda x, y: 1 - y * y)
        p = model.params
        after = np.tanh(x @ p["W1"] + p["b1"])
        z = after @ p["W2"] + p["b2"]
        y = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        da = (y - t) / len(x) @ p["W2"] * (1 - after**2)
        return {**right, "W1": x.T @ da, "b1": da.sum(axis=0)}

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "transposed"


DECAYS = [(-1.0, "missing"), (1.0, "twice"), (-0.5, "half"), (-2.0, "sign"), (-0.875, "divided")]


@pytest.mark.parametrize(("more", "word"), DECAYS)
def test_weight_decay(more, word, own_network, batch, make_case):
    model = own_network(l2=0.1)

    def wrong(gradient):
        for name in ("W1", "W2"):
            gradient[name] += more * 0.1 * model.params[name]

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "weight decay"
    assert word in finding.message
    assert finding.evidence["l2"] == pytest.approx(0.1)


def test_weight_decay_that_the_loss_does_not_have(own_network, batch, make_case):
    model = own_network()

    def wrong(gradient):
        for name in ("W1", "W2"):
            gradient[name] += 0.03 * model.params[name]

    (finding,) = diagnose(make_case(model, *batch, wrong))
    assert finding.kind == "weight decay"
    assert finding.evidence["coefficient"] == pytest.approx(0.03)


def test_the_gradient_of_an_earlier_batch(own_network, batch, make_case):
    model = own_network()
    x, t = batch
    old = backward(model, 2 * x, t, mask)
    case = make_case(model, x, t, lambda _: old, again=lambda *_: old)
    (finding,) = diagnose(case)
    assert finding.kind == "stale"


def test_noise_is_unexplained(own_network, batch, make_case):
    def wrong(gradient):
        generator = np.random.default_rng(0)
        return {name: g + generator.standard_normal(g.shape) for name, g in gradient.items()}

    (finding,) = diagnose(make_case(own_network(), *batch, wrong))
    assert (finding.kind, finding.parameter) == ("unexplained", None)
