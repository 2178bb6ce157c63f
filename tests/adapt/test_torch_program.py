"""The recorded program in PyTorch."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import fastcheck
from fastcheck import data, nn
from fastcheck.adapt.torch_program import _functions, autograd_gradient
from fastcheck.errors import MissingDependency
from fastcheck.primitives.registry import PRIMITIVES


def largest_difference(model, x, t):
    program = fastcheck.record(model, x, t)
    backprop = model.gradient(x, t)
    return max(
        np.abs(array - backprop[name]).max() / np.abs(backprop[name]).max()
        for name, array in autograd_gradient(program).items()
    )


def test_the_classic_network_in_three_ways():
    # All 39,760 parameters: autograd, backprop and differences agree to rounding.
    net = nn.TwoLayerNet(784, 50, 10, seed=0)
    x, t = data.mnist(100)
    assert largest_difference(net, x, t) < 1e-12
    report = fastcheck.gradcheck(net, x, t, params=["b1", "W2", "b2"], second_opinion="torch")
    for item in report.params.values():
        largest = np.abs(item.analytic).max()
        assert np.abs(item.second_opinion - item.analytic).max() < 1e-12 * largest
        assert not item.switched.any()
        assert np.abs(item.second_opinion - item.numerical).max() < 1e-12 * largest


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.Softplus, nn.LeakyRelu])
@pytest.mark.parametrize(
    "loss", [nn.SoftmaxCrossEntropy(), nn.ClippedSoftmaxCrossEntropy(), nn.MeanSquaredError()]
)
def test_every_layer_and_loss(activation, loss):
    layers = [nn.Affine(784, 7), activation(), nn.Affine(7, 10)]
    net = nn.Network(layers, loss=loss, l2=0.01)
    x, t = data.mnist(9)
    assert largest_difference(net, x, t) < 1e-12
    assert largest_difference(net, x, t.argmax(axis=1)) < 1e-12


class Written:
    """Operations that no layer of ours uses."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.params = {"a": rng.standard_normal((3, 4)), "unused": np.ones(2)}

    def loss(self, x, t):
        a = self.params["a"]
        out = np.zeros((3, 5))
        out[:, 1:] = np.abs(a) ** 1.5 + np.sqrt(np.square(a) + 1) / np.expm1(a + 4)
        out = np.where((out > 0.5) & ~(out == 2), out, np.minimum(out, 1.0)) * np.sign(out + 3)
        return out.max(axis=0).sum() + out.min() + np.log1p(out**2).mean() + (1 / (2 + out)).sum()


def test_more_operations():
    program = fastcheck.record(Written(), None, None)
    opinion = autograd_gradient(program)
    numerical = fastcheck.numerical_gradient(program)
    assert np.abs(opinion["a"] - numerical["a"]).max() < 1e-13 * np.abs(opinion["a"]).max()
    assert np.array_equal(opinion["unused"], np.zeros(2))


def test_every_primitive_has_its_function():
    import torch

    assert PRIMITIVES.keys() == _functions(torch).keys()


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    net = nn.TwoLayerNet(784, 2, 10)
    with pytest.raises(MissingDependency, match="second_opinion='torch' needs PyTorch; install"):
        fastcheck.gradcheck(net, *data.mnist(2), params="b2", second_opinion="torch")


def test_what_is_not_recorded_has_no_second_opinion():
    net = nn.TwoLayerNet(784, 2, 10)
    report = fastcheck.gradcheck(
        net, *data.mnist(2), params="b2", engine="reference", second_opinion="torch"
    )
    assert report.second_opinion is None
    assert "no second opinion: only a recorded loss" in report.notes[0]
