"""numerical_gradient: of a model and of a Program, by every engine and scheme."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.errors import InvalidArgument, InvalidType

SCHEMES = ["central", "forward", "backward", "central4"]


def test_numerical_gradient_is_like_params(agree, net, batch):
    gradient = fastcheck.numerical_gradient(net, *batch)
    backprop = net.gradient(*batch)
    assert list(gradient) == list(net.params)
    for name, array in gradient.items():
        assert agree(array, backprop[name], 1e-13)


@pytest.mark.parametrize("engine", ["auto", "incremental", "full"])
def test_a_program_may_be_given(net, batch, engine):
    program = fastcheck.record(net, *batch)
    again = fastcheck.numerical_gradient(program, engine=engine, params="b2")
    direct = fastcheck.numerical_gradient(net, *batch, engine=engine, params=["b2"])
    assert list(again) == list(direct) == ["b2"]
    assert np.array_equal(again["b2"], direct["b2"])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_program_may_be_given_with_a_scheme(net, batch, scheme):
    program = fastcheck.record(net, *batch)
    options = {"scheme": scheme, "params": ["W1", "b2"]}
    again = fastcheck.numerical_gradient(program, engine="incremental", **options)
    direct = fastcheck.numerical_gradient(net, *batch, engine="incremental", **options)
    assert list(again) == ["W1", "b2"]
    for name, array in again.items():
        assert np.array_equal(array, direct[name])


def test_a_program_has_no_loss_for_the_reference_engine(net, batch):
    program = fastcheck.record(net, *batch)
    with pytest.raises(InvalidType, match="model=Program has no Python loss"):
        fastcheck.numerical_gradient(program, engine="reference")


def test_a_program_has_its_batch_already():
    net = fastcheck.nn.TwoLayerNet(6, 5, 3)
    x, t = np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0])
    program = fastcheck.record(net, x, t)
    for given in ((x, t), (x,)):
        with pytest.raises(
            InvalidArgument, match=r"x and t are given beside a Program.*leave them"
        ):
            fastcheck.numerical_gradient(program, *given)


def test_a_step_that_would_underflow():
    net = fastcheck.nn.TwoLayerNet(6, 5, 3)
    x, t = np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0])
    with pytest.raises(InvalidArgument, match=r"step=5e-324 is below .*, where differences under"):
        fastcheck.numerical_gradient(net, x, t, step=5e-324)


def test_options_mean_the_same_for_all_engines(batch):
    net = nn.Network([nn.Affine(784, 6), nn.Tanh(), nn.Affine(6, 10)])
    options = {"step": 2.0**-13, "params": ["b1", "W2"]}
    incremental = fastcheck.numerical_gradient(net, *batch, engine="incremental", **options)
    full = fastcheck.numerical_gradient(net, *batch, engine="full", **options)
    loop = fastcheck.numerical_gradient(net, *batch, engine="reference", **options)
    assert list(incremental) == list(full) == list(loop) == ["b1", "W2"]
    for name in full:
        assert np.abs(full[name] - loop[name]).max() < 5e-11
        assert np.abs(full[name] - incremental[name]).max() < 5e-11


def test_four_threads_at_once(batch):
    nets = [nn.TwoLayerNet(784, 6, 10, seed=seed) for seed in range(4)]
    alone = [fastcheck.numerical_gradient(net, *batch) for net in nets]
    together = [None] * 4

    def work(i):
        together[i] = fastcheck.numerical_gradient(nets[i], *batch)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
