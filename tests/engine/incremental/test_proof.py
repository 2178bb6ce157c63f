"""The proof: what is wrong anywhere in the engine is noticed, and nothing else."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastcheck
from fastcheck import nn
from fastcheck.engine.incremental import elementwise, gradient, prepared
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.proof import LARGE_STEPS, replayed_loss
from fastcheck.engine.kernels.layout import SERIES
from fastcheck.errors import InternalError
from fastcheck.recording import record

MOVES = (
    r"the loss moves by \S+ where \w+\[\d+\] moves by \S+, but the propagated difference is \S+ "
    r"\(within \S+\); please report this with the program:\nProgram of \d+ operations"
)
RULES = (
    r"the exact rules give \w+\[\d+\] the slope \S+, the forms for small steps \S+; please report "
    r"this with the program:\nProgram of \d+ operations"
)


@pytest.fixture(params=["float64", "float32"])
def net_and_batch(request):
    rng = np.random.default_rng(2)
    layers = [nn.Affine(6, 5), nn.Tanh(), nn.Affine(5, 3), nn.Softplus()]
    net = nn.Network(layers, seed=1, dtype=request.param)
    return net, rng.random((4, 6)).astype(request.param), rng.integers(0, 3, 4)


def proven(program, **options):
    return incremental_gradient(program, names=list(program.parameters), **options)


def test_an_honest_loss_is_asked_once_per_parameter_and_step(net_and_batch):
    net, x, t = net_and_batch
    program = record(net, x, t)
    asked = []
    honest = replayed_loss(program)

    def loss_at(name, element, step):
        asked.append((name, step))
        assert 0 <= element < program.base[name].size
        return honest(name, element, step)

    proven(program, loss_at=loss_at)
    assert asked == [(name, step) for name in net.params for step in LARGE_STEPS]
    # The user's own code may be another one the next time.
    proven(program, loss_at=loss_at)
    assert len(asked) == 2 * len(LARGE_STEPS) * len(net.params)


def test_without_a_loss_the_program_is_proven_once(net_and_batch, monkeypatch):
    net, x, t = net_and_batch
    program = record(net, x, t)
    names = []
    honest = gradient.prove

    def prove(ready, chosen, *rest):
        names.append(list(chosen))
        honest(ready, chosen, *rest)

    monkeypatch.setattr(gradient, "prove", prove)
    incremental_gradient(program, names=["W1"])
    incremental_gradient(program, names=["W1"])
    assert names == [["W1"]]
    incremental_gradient(program, names=["W1", "b2"])
    incremental_gradient(program, names=["b2"])
    assert names == [["W1"], ["W1", "b2"]]


@pytest.mark.parametrize("lie", [1e-6, -1e-6, 1.0])
@pytest.mark.parametrize("step", LARGE_STEPS)
def test_a_loss_that_says_otherwise_is_noticed(lie, step):
    net = nn.TwoLayerNet(6, 5, 3, weight_scale=0.5)
    program = record(net, np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0]))
    honest = replayed_loss(program)

    def loss_at(name, element, moved):
        loss, taken = honest(name, element, moved)
        return loss + (lie if moved == step else 0.0), taken

    with pytest.raises(InternalError, match=MOVES):
        proven(program, loss_at=loss_at)


def test_the_message_says_all_that_is_needed():
    net = nn.TwoLayerNet(6, 5, 3, weight_scale=0.5)
    program = record(net, np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0]))
    with pytest.raises(InternalError, match=MOVES) as caught:
        proven(program, loss_at=lambda name, element, step: (program.loss + 2.0, step))
    assert "the loss moves by 2.0 where W1[" in str(caught.value)
    assert "moves by 0.001, but" in str(caught.value)
    assert str(caught.value).endswith(repr(program))


def test_a_wrong_base_value_is_noticed(net_and_batch):
    net, x, t = net_and_batch
    program = record(net, x, t)
    ready = prepared.prepared(program)
    W2 = program.parameters["W2"]
    place = ready.templates.base.value(W2)
    ready.templates.memory[place : place + net.params["W2"].size] *= 1.0 + 1e-2
    with pytest.raises(InternalError, match=MOVES):
        proven(program)


def test_lanes_that_are_mixed_up_are_noticed(net_and_batch):
    net, x, t = net_and_batch
    program = record(net, x, t)
    (template,) = prepared.prepared(program).kept("W1")
    template.route.entries[:] = np.roll(template.route.entries, 1, axis=1)
    with pytest.raises(InternalError, match=MOVES):
        proven(program)


def test_a_wrong_slope_of_a_series_is_noticed(net_and_batch, monkeypatch):
    # The exact rules do not read it: only the comparison of both ways can tell.
    net, x, t = net_and_batch
    honest = elementwise.Builder.placed

    def placed(self, address, positions, **options):
        found = honest(self, address, positions, **options)
        if options.get("arrays") == 3:
            slopes = self.base.memory.buffer[found.addresses.min() : found.addresses.max() + 1]
            slopes *= 1.0 + 1e-9
        return found

    monkeypatch.setattr(elementwise.Builder, "placed", placed)
    assert SERIES
    with pytest.raises(InternalError, match=RULES):
        proven(record(net, x, t))


def test_losses_that_are_not_finite_are_not_compared(make_model):
    def loss(p, x, t):
        with np.errstate(all="ignore"):
            return np.sum(np.exp(p["w"]) * 1e300) + np.sum(np.log(p["v"]))

    model = make_model({"w": [18.0, 18.25], "v": [1e-2, 2.0]}, loss)
    program = record(model, np.ones(1), None)
    result = proven(program, scheme="forward")
    # At w + 1 the loss overflows.
    assert replayed_loss(program)("w", 0, 1.0)[0] == np.inf
    np.testing.assert_allclose(result.parameters["w"].central, np.exp([18.0, 18.25]) * 1e300)


def test_steps_that_are_lost_are_not_compared(make_model):
    model = make_model({"w": [1e18, -1e18]}, lambda p, x, t: np.sum(np.tanh(p["w"] * 1e-18)))
    program = record(model, np.ones(1), None)
    assert replayed_loss(program)("w", 0, 1e-1)[1] == 0.0
    assert (proven(program).parameters["w"].central > 0).all()


def test_parameters_without_elements_need_no_proof(make_model):
    model = make_model(
        {"none": np.zeros((0, 3)), "w": [1.0, 2.0]},
        lambda p, x, t: np.sum(p["none"] * 2.0) + np.sum(p["w"] ** 2),
    )
    found = proven(record(model, np.ones(1), None)).parameters
    assert found["none"].central.shape == (0, 3)
    assert found["w"].central.tolist() == [2.0, 4.0]


def test_gradients_that_cancel_to_nothing_are_no_contradiction(make_model):
    # What is left of them is rounding, another one in either way.
    def loss(p, x, t):
        centred = np.tanh(x @ p["W"]) - np.tanh(x @ p["W"]).mean(axis=0)
        return np.sum(centred * p["g"]) + 1.0

    rng = np.random.default_rng(0)
    params = {"W": rng.standard_normal((5, 4)), "g": rng.standard_normal(4)}
    for _ in range(10):
        x = rng.standard_normal((6, 5))
        found = proven(record(make_model(params, loss), x, None)).parameters
        assert np.abs(found["W"].central).max() < 1e-14


@pytest.mark.parametrize("epsilon", [1e-7, 1e-12, 1e-15])
def test_large_steps_that_leave_nothing_to_compare_are_no_contradiction(make_model, epsilon):
    # A certain answer turns into the opposite: log(p + epsilon), p from 1 to 0.
    def loss(p, x, t):
        powers = np.exp(x @ p["W"])
        return -np.sum(t * np.log(powers / powers.sum(axis=1, keepdims=True) + epsilon))

    rng = np.random.default_rng(0)
    x = rng.integers(0, 60, (6, 4)) * 1.0
    params = {"W": rng.standard_normal((4, 3)), "idle": np.ones(1)}
    t = np.eye(3)[(x @ params["W"]).argmax(axis=1)]
    program = record(make_model(params, loss), x, t)
    result = proven(program)
    assert np.isfinite(result.parameters["W"].central).all()
    # What has nothing to do with it is still compared.
    honest = replayed_loss(program)

    def loss_at(name, element, step):
        moved, taken = honest(name, element, step)
        return moved + (1e-3 if name == "idle" else 0.0), taken

    with pytest.raises(InternalError, match=r"where idle\[0\] moves by 0\.00"):
        proven(program, loss_at=loss_at)


def test_one_array_under_two_names(make_model):
    shared = np.random.default_rng(0).standard_normal((4, 3))
    model = make_model(
        {"W": shared, "U": shared},
        lambda p, x, t: np.mean((np.tanh(x @ p["W"]) @ p["U"].T - x) ** 2),
    )
    x = np.random.default_rng(1).standard_normal((5, 4))
    found = proven(record(model, x, None)).parameters
    assert (found["W"].central == found["U"].central).all()
    assert (found["W"].central != 0.0).all()


def test_the_users_own_loss_is_what_is_compared(monkeypatch):
    net = nn.TwoLayerNet(6, 5, 3, weight_scale=0.5)
    x, t = np.random.default_rng(0).random((4, 6)), np.array([0, 1, 2, 0])
    program = record(net, x, t)
    # A recording that is wrong, which its own checks did not notice.
    monkeypatch.setattr("fastcheck.differentiate.record", lambda *_: program)
    net.layers[0].forward = lambda z: z @ net.params["W1"] * 1.001 + net.params["b1"]
    with pytest.raises(InternalError, match=re.compile(MOVES)):
        fastcheck.numerical_gradient(net, x, t, engine="incremental")
