"""Every mistake: described, visible, and failed by the check; a few against their formulas."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn, planted
from fastcheck.planted.samples import sample_networks
from fastcheck.verdict.finding import MISTAKES as KINDS

SAMPLES = {dtype: sample_networks(dtype, 0) for dtype in ("float64", "float32")}


def test_there_are_many_and_all_kinds_of_them():
    assert len(planted.MISTAKES) >= 34
    named = set().union(*(mistake.kinds for mistake in planted.MISTAKES.values()))
    # Whether the loss uses a parameter is no matter of the backward.
    assert named == set(KINDS) - {"unused", "unexplained"}


@pytest.mark.parametrize("name", planted.MISTAKES)
def test_description(name):
    mistake = planted.MISTAKES[name]
    assert mistake.name == name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
    assert re.fullmatch(r"[A-Z].*\.", mistake.summary)
    assert len(mistake.summary) < 90
    assert mistake.kinds
    assert mistake.kinds <= set(KINDS)


@pytest.mark.parametrize("sample", SAMPLES["float64"] + SAMPLES["float32"], ids=lambda s: s.name)
def test_the_correct_networks_pass(sample):
    report = fastcheck.gradcheck(sample.net, sample.x, sample.t)
    assert report.verdict == "pass", str(report)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", planted.MISTAKES)
def test_it_changes_the_gradient_and_fails(name, dtype):
    seen = 0
    for sample in SAMPLES[dtype]:
        if not planted.applicable(name, sample.net):
            continue
        model = planted.plant(name, sample.net, seed=1)
        wrong, right = (net.gradient(sample.x, sample.t) for net in (model, sample.net))
        for parameter, gradient in right.items():
            assert wrong[parameter].dtype == gradient.dtype
            assert wrong[parameter].shape == gradient.shape
            assert np.isfinite(wrong[parameter]).all()
        if all(np.array_equal(wrong[parameter], right[parameter]) for parameter in right):
            continue  # such as labels that read the same backwards
        report = fastcheck.gradcheck(model, sample.x, sample.t)
        assert report.verdict == "fail", f"{model!r} of {sample.name}\n{report}"
        seen += 1
    assert seen


# The formulas, in a network of one Affine or of two: z = f(x W1 + b1) W2 + b2.


@pytest.fixture
def batch():
    generator = np.random.default_rng(7)
    return generator.standard_normal((6, 4)), generator.integers(0, 3, 6)


def wrong_and_right(name, net, batch):
    return planted.plant(name, net).gradient(*batch), net.gradient(*batch)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("loss-not-averaged", 6),
        ("loss-averaged-twice", 1 / 6),
        ("loss-averaged-over-classes", 1 / 3),
        ("loss-halved", 0.5),
        ("loss-doubled", 2),
        ("loss-sign", -1),
        ("targets-minus-softmax", -1),
    ],
)
def test_factors_of_the_loss(name, factor, batch):
    net = nn.Network([nn.Affine(4, 5), nn.Tanh(), nn.Affine(5, 3)])
    wrong, right = wrong_and_right(name, net, batch)
    for parameter, gradient in right.items():
        np.testing.assert_allclose(wrong[parameter], factor * gradient, rtol=1e-12, atol=1e-16)


def test_gradients_of_other_losses(batch):
    x, t = batch
    net = nn.Network([nn.Affine(4, 3)])
    z, target = net.predict(x), data.one_hot(t, 3)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for name, dz in [
        ("targets-not-subtracted", p / 6),
        ("softmax-missing", (z - target) / 6),
        ("targets-shifted", (p - np.roll(target, 1, axis=1)) / 6),
        ("targets-reversed", (p - target[::-1]) / 6),
    ]:
        wrong, _ = wrong_and_right(name, net, batch)
        np.testing.assert_allclose(wrong["W1"], x.T @ dz, rtol=1e-12, atol=1e-15)
    squared = nn.Network([nn.Affine(4, 3)], loss=nn.MeanSquaredError())
    wrong, _ = wrong_and_right("squared-error-softmax", squared, batch)
    np.testing.assert_allclose(wrong["W1"], x.T @ (p - target) / 6, rtol=1e-12, atol=1e-15)
    wrong, _ = wrong_and_right("squared-error-absolute", squared, batch)
    np.testing.assert_allclose(wrong["W1"], x.T @ np.sign(z - target) / 6, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "layer", "derivative"),
    [
        ("relu-mask-missing", nn.Relu(), lambda x, y: 1),
        ("relu-mask-inverted", nn.Relu(), lambda x, y: x <= 0),
        ("relu-output-as-mask", nn.Relu(), lambda x, y: y),
        ("leaky-slope-dropped", nn.LeakyRelu(0.2), lambda x, y: x > 0),
        ("leaky-mask-missing", nn.LeakyRelu(0.2), lambda x, y: 1),
        ("leaky-mask-inverted", nn.LeakyRelu(0.2), lambda x, y: np.where(x > 0, 0.2, 1)),
        ("leaky-slope-everywhere", nn.LeakyRelu(0.2), lambda x, y: 0.2),
        ("leaky-slope-sign", nn.LeakyRelu(0.2), lambda x, y: np.where(x > 0, 1, -0.2)),
        ("tanh-of-input", nn.Tanh(), lambda x, y: 1 - x**2),
        ("tanh-derivative-missing", nn.Tanh(), lambda x, y: 1),
        ("tanh-not-squared", nn.Tanh(), lambda x, y: 1 - y),
        ("tanh-applied-twice", nn.Tanh(), lambda x, y: 1 - np.tanh(y) ** 2),
        ("sigmoid-of-input", nn.Sigmoid(), lambda x, y: x * (1 - x)),
        ("sigmoid-derivative-missing", nn.Sigmoid(), lambda x, y: 1),
        ("sigmoid-as-tanh", nn.Sigmoid(), lambda x, y: 1 - y**2),
        ("softplus-output", nn.Softplus(), lambda x, y: y),
        ("softplus-derivative-missing", nn.Softplus(), lambda x, y: 1),
        ("softplus-applied-twice", nn.Softplus(), lambda x, y: 1 / (1 + np.exp(-y))),
        ("softplus-as-relu", nn.Softplus(), lambda x, y: x > 0),
    ],
)
def test_derivatives_of_activations(name, layer, derivative, batch):
    net = nn.Network([nn.Affine(4, 5), layer, nn.Affine(5, 3)])
    x, t = batch
    h = x @ net.params["W1"] + net.params["b1"]
    dz = net.loss_function.gradient(net.predict(x), t)
    expected = x.T @ (dz @ net.params["W2"].T * derivative(h, layer.forward(h)))
    wrong, right = wrong_and_right(name, net, batch)
    np.testing.assert_allclose(wrong["W1"], expected, rtol=1e-12, atol=1e-15)
    assert np.array_equal(wrong["W2"], right["W2"])


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("l2-missing", 0, 0),
        ("l2-doubled", 2, 0),
        ("l2-halved", 0.5, 0),
        ("l2-averaged", 1 / 6, 0),
        ("l2-sign", -1, 0),
        ("l2-on-biases", 1, 1),
    ],
)
def test_weight_decay(name, weights, biases, batch):
    layers = [nn.Affine(4, 5), nn.Tanh(), nn.Affine(5, 3)]
    net = nn.Network(layers, l2=0.3)
    net.params["b1"][...] = 0.5
    net.params["b2"][...] = -0.25
    wrong, right = wrong_and_right(name, net, batch)
    for parameter, array in net.params.items():
        term = (weights - 1) * 0.3 * array if parameter.startswith("W") else biases * 0.3 * array
        np.testing.assert_allclose(wrong[parameter], right[parameter] + term, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("weights-transposed", lambda x, dz: dz.T @ x, None),
        ("stale-input", lambda x, dz: x[::-1].T @ dz, None),
        ("stale-neighbour", lambda x, dz: np.roll(x, 1, axis=0).T @ dz, None),
        ("last-sample-forgotten", lambda x, dz: x[:-1].T @ dz[:-1], lambda dz: dz[:-1].sum(axis=0)),
        ("first-sample-only", lambda x, dz: np.outer(x[0], dz[0]), lambda dz: dz[0]),
        ("weights-rows-shifted", lambda x, dz: (x.T @ dz)[[3, 0, 1, 2]], None),
        ("weights-columns-shifted", lambda x, dz: (x.T @ dz)[:, [3, 0, 1, 2]], None),
        ("bias-averaged", None, lambda dz: dz.mean(axis=0)),
        ("bias-wrong-axis", None, lambda dz: dz.sum(axis=1)[:4]),
        ("bias-over-everything", None, lambda dz: np.full(4, dz.sum())),
        ("bias-first-sample", None, lambda dz: dz[0]),
        ("bias-zero", None, lambda dz: np.zeros(4)),
    ],
)
def test_gradients_of_an_affine(name, weights, biases, batch):
    net = nn.Network([nn.Affine(4, 4)], loss=nn.MeanSquaredError())
    x, t = batch
    dz = net.loss_function.gradient(net.predict(x), t)
    wrong, right = wrong_and_right(name, net, batch)
    expected = right["W1"] if weights is None else weights(x, dz)
    np.testing.assert_allclose(wrong["W1"], expected, rtol=1e-12, atol=1e-15)
    expected = right["b1"] if biases is None else biases(dz)
    np.testing.assert_allclose(wrong["b1"], expected, rtol=1e-12, atol=1e-15)


def test_two_columns_are_swapped(batch):
    net = nn.Network([nn.Affine(4, 3)])
    wrong, right = wrong_and_right("weights-columns-swapped", net, batch)
    moved = np.flatnonzero((wrong["W1"] != right["W1"]).any(axis=0))
    assert len(moved) == 2
    assert np.array_equal(wrong["W1"][:, moved], right["W1"][:, moved[::-1]])


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("weights-entry-enlarged", 1.01),
        ("weights-entry-zero", 0),
        ("weights-entry-sign", -1),
    ],
)
def test_one_entry_is_wrong(name, factor, batch):
    net = nn.Network([nn.Affine(4, 3)])
    wrong, right = (gradient["W1"] for gradient in wrong_and_right(name, net, batch))
    (place,) = np.argwhere(wrong != right)
    assert wrong[tuple(place)] == right[tuple(place)] * factor


def test_a_mistake_further_up_reaches_all_below(batch):
    net = nn.Network([nn.Affine(4, 5), nn.Tanh(), nn.Affine(5, 5), nn.Tanh(), nn.Affine(5, 3)])
    model = next(
        model
        for seed in range(20)
        if (model := planted.plant("backward-not-handed-down", net, seed=seed)).place == "Affine3"
    )
    wrong, right = model.gradient(*batch), net.gradient(*batch)
    for parameter in ("W1", "b1", "W2", "b2"):
        assert not wrong[parameter].any()
    assert np.array_equal(wrong["W3"], right["W3"])
    assert np.array_equal(wrong["b3"], right["b3"])
