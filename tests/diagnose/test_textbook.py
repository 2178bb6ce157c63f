"""The textbook's loss with an epsilon that its gradient leaves out, and what is wrong besides."""

from __future__ import annotations

import numpy as np
import pytest

import fastcheck
from fastcheck import nn


class TwoLogarithms:
    """The textbook's binary cross entropy of a logistic regression, times a factor."""

    def __init__(self, factor=1.0):
        self.params = {"w": np.random.default_rng(0).standard_normal((4, 1)), "b": np.zeros(1)}
        self.factor = factor

    def predicted(self, x):
        return 1 / (1 + np.exp(-(x @ self.params["w"] + self.params["b"])))

    def loss(self, x, t):
        p = self.predicted(x)
        return -np.mean(t * np.log(p + 1e-7) + (1 - t) * np.log(1 - p + 1e-7))

    def gradient(self, x, t):
        dz = self.factor * (self.predicted(x) - t) / len(x)
        return {"w": x.T @ dz, "b": dz.sum(axis=0)}


def test_two_epsilons_are_one_finding():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((6, 4)), rng.integers(0, 2, (6, 1)).astype(float)
    report = fastcheck.gradcheck(TwoLogarithms(), x, t)
    assert report.verdict == "approximate"
    (finding,) = report.findings
    assert finding.message.startswith("The gradient of w and b: the loss has log(p + 1e-07) and")
    first, second = fastcheck.gradcheck(TwoLogarithms(2.0), x, t).findings
    assert first.evidence == {"factor": 2.0}
    assert second.message.startswith("Besides, the loss has log(p + 1e-07)")


@pytest.mark.parametrize("seed", range(40))
def test_noise_where_an_epsilon_rules_is_not_explained(seed):
    net = nn.Network(
        [nn.Affine(6, 5), nn.Relu(), nn.Affine(5, 4)],
        loss=nn.ClippedSoftmaxCrossEntropy(),
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    for array in net.params.values():
        array[...] = 10 * rng.standard_normal(array.shape)
    x, t = rng.standard_normal((5, 6)), rng.integers(0, 4, 5)
    right = net.gradient

    def noisy(x, t):
        draw = np.random.default_rng(seed).standard_normal
        return {name: g * (1 + 0.1 * draw(g.shape)) for name, g in right(x, t).items()}

    net.gradient = noisy
    report = fastcheck.gradcheck(net, x, t)
    assert all("epsilon" not in finding.evidence for finding in report.findings)


class Softmax:
    """The textbook's network, with a gradient of one's own."""

    def __init__(self, gradient, epsilon=1e-7):
        rng = np.random.default_rng(0)
        self.params = {"W": rng.standard_normal((4, 3)), "b": np.zeros(3)}
        self.own, self.epsilon = gradient, epsilon

    def predicted(self, x):
        z = x @ self.params["W"] + self.params["b"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x, t):
        return -np.sum(t * np.log(self.predicted(x) + self.epsilon)) / len(x)

    def gradient(self, x, t):
        return self.own(self.predicted(x), x, t)


def twice(y, x, t):
    dz = (y - t) / len(x)
    dz = y * (dz - np.sum(dz * y, axis=1, keepdims=True))
    return {"W": x.T @ dz, "b": dz.sum(axis=0)}


def other_bias(y, x, t):
    dz = (y - t) / len(x)
    return {"W": x.T @ dz, "b": (dz * np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])).sum(axis=0)}


@pytest.mark.parametrize("epsilon", [0.0, 1e-7])
def test_the_softmax_twice(epsilon):
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    (finding,) = fastcheck.gradcheck(Softmax(twice, epsilon), x, t).findings
    assert finding.kind == "loss"
    assert "goes through the softmax twice" in finding.message


def test_what_nobody_knows_beside_the_epsilon_is_no_matter_of_the_others():
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    report = fastcheck.gradcheck(Softmax(other_bias), x, t)
    unknown, epsilon = report.findings
    assert (unknown.kind, unknown.parameter) == ("unexplained", "b")
    assert "Besides, the loss has log(p + 1e-07)" in epsilon.message
    assert {name: item.verdict for name, item in report.params.items()} == {
        "W": "approximate",
        "b": "fail",
    }
