"""Every layer and every loss of fastcheck.nn, as the full engine has it."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck import nn
from fastcheck.engine.full import full_gradient
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.recording import record

LAYERS = [nn.Relu, nn.LeakyRelu, nn.Tanh, nn.Sigmoid, nn.Softplus]
LOSSES = [
    nn.SoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(),
    nn.ClippedSoftmaxCrossEntropy(epsilon=0.1),
    nn.MeanSquaredError(),
]


def test_no_layer_or_loss_is_left_out():
    things = {thing for thing in map(vars(nn).get, nn.__all__) if isinstance(thing, type)}
    others = {nn.Affine, nn.Layer, nn.Loss, nn.Network, nn.TwoLayerNet}
    assert things == {*LAYERS, *map(type, LOSSES), *others}


def batch(*, labels):
    rng = np.random.default_rng(11)
    x = rng.standard_normal((6, 9)) * (rng.random((6, 9)) < 0.6)
    t = rng.integers(0, 4, 6)
    return x, {"labels": t, "one-hot": np.eye(4)[t], "soft": rng.dirichlet(np.ones(4), 6)}[labels]


@pytest.mark.parametrize("labels", ["labels", "one-hot", "soft"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_every_entry_is_that_of_the_full_engine(layer, loss, labels, l2):
    net = nn.Network(
        [nn.Affine(9, 7), layer(), nn.Affine(7, 5), layer(), nn.Affine(5, 4)],
        loss=loss,
        seed=3,
        l2=l2,
    )
    program = record(net, *batch(labels=labels))
    names = list(net.params)
    expected = full_gradient(program, names=names)
    found = incremental_gradient(program, names=names)
    for name in names:
        mine, theirs = found.parameters[name], expected.parameters[name]
        assert not mine.switched.any()
        assert not theirs.switched.any()
        # Its rounding and its truncation.
        bound = 16 * 2.0**-53 * abs(expected.loss) / theirs.step
        bound += 1e-8 * np.abs(theirs.central).max()
        assert (np.abs(mine.central - theirs.central) <= bound).all(), name


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_every_entry_is_that_of_backprop_to_rounding(layer, loss):
    net = nn.Network([nn.Affine(9, 7), layer(), nn.Affine(7, 4)], loss=loss, seed=4)
    x, t = batch(labels="labels")
    expected = net.gradient(x, t)
    found = incremental_gradient(record(net, x, t), names=list(net.params))
    for name, entries in expected.items():
        error = np.abs(found.parameters[name].central - entries).max()
        assert error <= 1e-13 * np.abs(entries).max(), name
