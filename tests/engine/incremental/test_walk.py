"""From sample to sample: what is taken apart, what is not, and what costs nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastcheck import nn
from fastcheck.engine.incremental.gradient import incremental_gradient
from fastcheck.engine.incremental.template import Templates
from fastcheck.engine.incremental.walk import EPILOGUE, PROLOGUE, SAMPLES, Coupled, Walk
from fastcheck.engine.samples import Kind, SampleBlock, sample_blocks
from fastcheck.program import base_values
from fastcheck.recording import record


def samples_of(program, name):
    """Return how often the sample stages of a parameter's templates run."""
    templates = Templates.of(program, base_values(program))
    found = templates.of_weight(name) or [
        templates.of_chunk(name, *chunk) for chunk in templates.chunks(name)
    ]
    return {template.route.samples for template in found}


APART = {
    "l2_penalty": ("W", "b", "V", "c"),
    "wide_layers": ("W", "b", "V", "U"),
    "samples_in_columns": ("W", "V"),
    "layer_norm": ("W", "V"),
    # Behind the last meeting they are apart again.
    "batch_norm": ("gamma", "beta", "V"),
    "attention_over_the_batch": ("V",),
}
TOGETHER = {
    "batch_norm": ("W", "b"),
    "centred_by_the_batch_mean": ("W",),
    "attention_over_the_batch": ("W",),
    # What is looked up by the sample's own numbers is nowhere a fixed distance apart.
    "embedding": ("E",),
    "hinge": ("W", "b"),
}


@pytest.mark.parametrize(("name", "parameter"), [(n, p) for n, ps in APART.items() for p in ps])
def test_samples_that_do_not_meet_are_taken_one_at_a_time(network_named, name, parameter):
    program = network_named(name).program
    assert samples_of(program, parameter) == {program.batch}


@pytest.mark.parametrize(("name", "parameter"), [(n, p) for n, ps in TOGETHER.items() for p in ps])
def test_samples_that_meet_are_taken_together(network_named, name, parameter):
    assert samples_of(network_named(name).program, parameter) == {1}


def test_inputs_that_are_zero_everywhere_give_exact_zeros():
    rng = np.random.default_rng(0)
    net = nn.TwoLayerNet(10, 6, 3, weight_scale=0.5)
    x, t = rng.random((8, 10)), rng.integers(0, 3, 8)
    x[:, [2, 7]] = 0.0
    net.params["b1"][...] = 0.1
    x[3] = 0.0
    expected = net.gradient(x, t)
    found = incremental_gradient(record(net, x, t), names=list(net.params)).parameters
    assert (found["W1"].central[[2, 7]] == 0.0).all()
    for name, entries in expected.items():
        assert np.abs(found[name].central - entries).max() <= 1e-13 * np.abs(entries).max()


def test_a_sample_that_some_inputs_leave_untouched():
    # Every input moves one sample only.
    net = nn.Network([nn.Affine(5, 4), nn.Sigmoid(), nn.Affine(4, 3)], seed=0)
    x, t = np.diag(np.arange(1.0, 6.0)), np.array([0, 1, 2, 0, 1])
    found = incremental_gradient(record(net, x, t), names=["W1"]).parameters["W1"].central
    expected = net.gradient(x, t)["W1"]
    assert np.abs(found - expected).max() <= 1e-13 * np.abs(expected).max()


@pytest.mark.parametrize("poison", [np.inf, -np.inf])
def test_infinite_constants_do_not_poison_what_does_not_meet_them(make_model, poison):
    mask = np.array([[0.0, poison, 0.0], [0.0, 0.0, poison]])

    def loss(p, x, t):
        weights = np.exp(x @ p["W"] - np.abs(mask))
        return np.sum((weights / weights.sum(axis=1, keepdims=True) - t) ** 2)

    rng = np.random.default_rng(0)
    model = make_model({"W": rng.standard_normal((4, 3))}, loss)
    x, t = rng.standard_normal((2, 4)), rng.random((2, 3))
    found = incremental_gradient(record(model, x, t), names=["W"]).parameters["W"]
    z = x @ model.params["W"]
    powers = np.exp(z) * np.isfinite(mask)
    p = powers / powers.sum(axis=1, keepdims=True)
    upstream = 2 * (p - t)
    expected = x.T @ (p * (upstream - np.sum(upstream * p, axis=1, keepdims=True)))
    assert np.abs(found.central - expected).max() <= 1e-13 * np.abs(expected).max()
    assert not found.switched.any()


def test_a_division_by_zero_elsewhere_does_not_poison(make_model):
    def loss(p, x, t):
        with np.errstate(all="ignore"):
            return np.sum(np.where(x != 0, p["w"] / x, p["w"]))

    x = np.array([[2.0, 0.0], [0.0, 4.0], [8.0, 0.0]])
    program = record(make_model({"w": [1.0, 3.0]}, loss), x, None)
    found = incremental_gradient(program, names=["w"]).parameters["w"]
    assert found.central.tolist() == [0.5 + 1.0 + 0.125, 1.0 + 0.25 + 1.0]


@pytest.mark.parametrize("scale", [1.0, np.array([1.0, 2.0])], ids=["shared", "by lane"])
def test_an_infinite_difference_ends_at_a_switch_that_it_does_not_pass(make_model, scale):
    def loss(p, x, t):
        with np.errstate(all="ignore"):
            return np.sum(np.minimum(p["w"] * scale / x, 1.0)) + np.sum(
                np.maximum(-p["w"] / x, -p["w"])
            )

    x = np.array([[4.0, 0.0], [0.0, 8.0]])
    program = record(make_model({"w": [1.0, 3.0]}, loss), x, None)
    found = incremental_gradient(program, names=["w"]).parameters["w"]
    slopes = scale / np.array([4.0, 8.0]) - np.array([0.25, 0.125]) - 1.0
    assert found.central.tolist() == slopes.tolist()


def walk_over(first, stride, batch, size):
    block = SampleBlock(Kind.SAMPLE, np.array(first), stride)
    values = [SimpleNamespace(shape=(size,))]
    return Walk(SimpleNamespace(values=values, batch=batch), {0: block})


OPERATION = SimpleNamespace(output=0, inputs=())


@given(st.data())
def test_a_sample_step_is_followed_to_the_operand(data):
    batch, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    rows = data.draw(st.booleans())
    first, stride = ([*range(width)], width) if rows else ([batch * i for i in range(width)], 1)
    walk = walk_over(first, stride, batch, batch * width)
    step = data.draw(st.integers(0, 3))
    origin = np.full(batch * width, -1)
    for place in first:
        source = data.draw(st.integers(-1, 5))
        for sample in range(batch):
            origin[place + sample * stride] = source + step * sample if source >= 0 else -1
    if data.draw(st.booleans()):
        origin[data.draw(st.integers(0, batch * width - 1))] = data.draw(st.integers(-1, 8))
    # What a loop finds: the one step that all samples of all elements agree on.
    steps, alike = set(), True
    for place in first:
        for sample in range(1, batch):
            here, there = origin[place], origin[place + sample * stride]
            alike &= (here < 0) == (there < 0)
            if here >= 0 and there >= 0:
                steps.add((there - here) / sample)
    if alike and len(steps) <= 1 and not any(step % 1 for step in steps):
        assert walk.follow(OPERATION, origin) == (steps.pop() if steps else 0)
    else:
        with pytest.raises(Coupled):
            walk.follow(OPERATION, origin)


def test_the_whole_batch_at_once_does_not_step():
    walk = Walk(SimpleNamespace(values=[SimpleNamespace(shape=(2, 3))], batch=4), None)
    assert (walk.whole, walk.samples, walk.stride(0), walk.stage(0)) == (True, 1, 0, PROLOGUE)
    assert walk.first(0).tolist() == list(range(6))
    assert walk.size(0) == 6
    assert walk.follow(OPERATION, np.array([3, 1, 4, 1, 5, 9])) == 0


def test_the_same_element_steps_as_the_result():
    assert walk_over([0, 1], 2, 3, 6).follow(OPERATION, None) == 2


def test_stages_by_kind(network_named):
    program = network_named("l2_penalty").program
    walk = Walk(program, sample_blocks(program))
    stages = {
        operation.primitive.name: walk.stage(operation.output) for operation in program.operations
    }
    assert stages["maximum"] == SAMPLES
    assert stages["square"] == PROLOGUE
    assert stages["add"] == EPILOGUE


def test_a_sample_that_only_a_shared_value_moves_is_not_left_out(make_model):
    # An input of zero seeds nothing, but the norm of the weights moves every sample.
    def loss(p, x, t):
        return np.sum(np.tanh(x @ p["W"] + (p["W"] ** 2).sum()))

    W, x = np.array([[0.1, -0.2], [0.3, 0.05]]), np.array([[0.0, 0.0], [0.5, 0.0], [0.0, 0.0]])
    program = record(make_model({"W": W}, loss), x, None)
    assert samples_of(program, "W") == {3}
    slopes = 1 - np.tanh(x @ W + (W**2).sum()) ** 2
    expected = x.T @ slopes + 2 * W * slopes.sum()
    found = incremental_gradient(program, names=["W"]).parameters["W"].central
    assert np.abs(found - expected).max() <= 1e-14
