"""Planting: what it gives, where it sits, what it leaves alone, what it refuses."""

from __future__ import annotations

import re

import numpy as np
import pytest

import fastcheck
from fastcheck import nn, planted
from fastcheck.errors import InvalidArgument, InvalidType, UnknownChoice
from fastcheck.model import layer_names
from fastcheck.planted.samples import sample_networks


def deep(**options):
    layers = [nn.Affine(4, 5), nn.Relu(), nn.Affine(5, 5), nn.Tanh(), nn.Affine(5, 5), nn.Relu()]
    return nn.Network([*layers, nn.Affine(5, 3)], **options)


@pytest.fixture
def batch():
    generator = np.random.default_rng(1)
    return generator.standard_normal((6, 4)), generator.integers(0, 3, 6)


def equal(one, other):
    return list(one) == list(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_layers_are_named_by_class_and_number():
    assert layer_names(deep().layers) == [
        "Affine1",
        "Relu1",
        "Affine2",
        "Tanh1",
        "Affine3",
        "Relu2",
        "Affine4",
    ]


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("relu-mask-missing", ("Relu1", "Relu2")),
        ("relu-mask-of-next-layer", ("Relu1",)),
        ("tanh-of-input", ("Tanh1",)),
        ("weights-transposed", ("Affine2", "Affine3")),
        ("weights-transposed-and-reshaped", ("Affine1", "Affine4")),
        ("backward-reshaped", ("Affine4",)),
        ("backward-not-handed-down", ("Affine2", "Affine3", "Affine4")),
        ("loss-doubled", ("SoftmaxCrossEntropy",)),
        ("l2-missing", ("l2",)),
        ("l2-on-biases", ()),
        ("leaky-mask-missing", ()),
        ("squared-error-absolute", ()),
    ],
)
def test_places(name, places):
    net = deep(l2=0.1)
    assert planted.MISTAKES[name].places(net) == places
    assert planted.applicable(name, net) is bool(places)
    drawn = {planted.plant(name, net, seed=seed).place for seed in range(40)} if places else set()
    assert drawn == set(places)


def test_an_activation_with_nothing_below_it_is_no_place():
    net = nn.Network([nn.Relu(), nn.Affine(4, 3)])
    assert not planted.applicable("relu-mask-missing", net)
    assert not planted.applicable("backward-not-handed-down", net)


def test_a_leaky_relu_without_slope_has_none_to_drop():
    net = nn.Network([nn.Affine(4, 3), nn.LeakyRelu(0)])
    assert not planted.applicable("leaky-slope-dropped", net)
    assert planted.applicable("leaky-mask-missing", net)


def test_biases_that_are_not_zero_may_be_penalised():
    net = deep(l2=0.1)
    net.params["b2"][1] = 0.5
    assert planted.applicable("l2-on-biases", net)


@pytest.mark.parametrize("name", planted.MISTAKES)
def test_the_network_is_left_as_it_was(name):
    for sample in sample_networks("float64", 3):
        net = sample.net
        if not planted.applicable(name, net):
            continue
        attributes, layers = dict(vars(net)), [dict(vars(layer)) for layer in net.layers]
        before = {parameter: array.copy() for parameter, array in net.params.items()}
        right = net.gradient(sample.x, sample.t)
        model = planted.plant(name, net)
        model.gradient(sample.x, sample.t)
        assert vars(net) == attributes
        assert [vars(layer) for layer in net.layers] == layers
        assert equal(net.params, before)
        assert equal(net.gradient(sample.x, sample.t), right)


def test_parameters_loss_and_accuracy_are_the_networks(batch):
    net = deep(l2=0.1)
    model = planted.plant("weights-transposed", net)
    assert all(model.params[name] is array for name, array in net.params.items())
    net.params["W1"][...] *= 2
    assert model.loss(*batch) == net.loss(*batch)
    assert model.accuracy(*batch) == net.accuracy(*batch)
    assert np.array_equal(model.predict(batch[0]), net.predict(batch[0]))
    assert model.l2 == net.l2
    assert model.dtype == net.dtype


def test_the_gradient_follows_the_parameters(batch):
    net = deep()
    model = planted.plant("weights-doubled", net)
    net.params["W1"][...] *= 3
    name = "W" + re.sub(r"\D", "", model.place)
    assert np.array_equal(model.gradient(*batch)[name], 2 * net.gradient(*batch)[name])


def test_the_loss_is_recorded_as_before(batch):
    net = deep(l2=0.1, dtype="float32")
    model = planted.plant("stale-weights", net)
    assert str(fastcheck.record(model, *batch)) == str(fastcheck.record(net, *batch))


@pytest.mark.parametrize("name", planted.MISTAKES)
def test_the_same_seed_plants_the_same(name):
    for sample in sample_networks("float64", 1):
        if planted.applicable(name, sample.net):
            one, other = (planted.plant(name, sample.net, seed=5) for _ in range(2))
            assert one.place == other.place
            first = one.gradient(sample.x, sample.t)
            assert equal(first, other.gradient(sample.x, sample.t))
            assert equal(first, one.gradient(sample.x, sample.t))


def test_another_seed_draws_another_entry(batch):
    net = nn.Network([nn.Affine(4, 3)])
    right = net.gradient(*batch)["W1"]
    places = set()
    for seed in range(20):
        wrong = planted.plant("weights-entry-zero", net, seed=seed).gradient(*batch)["W1"]
        (place,) = np.flatnonzero(wrong != right)
        places.add(int(place))
    assert len(places) > 1


@pytest.mark.parametrize("name", planted.MISTAKES)
def test_the_mistake_is_in_its_place_and_nowhere_else(name):
    mistake = planted.MISTAKES[name]
    for sample in sample_networks("float64", 2):
        net = sample.net
        if not planted.applicable(name, net):
            continue
        model = planted.plant(name, net, seed=4)
        assert model.place in mistake.places(net)
        assert [type(layer) for layer in model.layers] == [type(layer) for layer in net.layers]
        assert type(model.loss_function) is type(net.loss_function)
        names = layer_names(net.layers)
        other = [
            names[i]
            for i, (a, b) in enumerate(zip(model.layers, net.layers, strict=True))
            if a is not b
        ]
        if model.loss_function is not net.loss_function:
            other.append(type(net.loss_function).__name__)
        assert (other or ["l2"]) == [model.place]
        assert_other_layers_are_right(model, sample)


def assert_other_layers_are_right(model, sample):
    """The gradients above a layer with a mistake are right, and those that L2 leaves alone."""
    wrong, right = (net.gradient(sample.x, sample.t) for net in (model, sample.net))
    names = layer_names(sample.net.layers)
    if model.place not in names:
        return
    i = names.index(model.place)
    number = sum(bool(layer.params) for layer in sample.net.layers[: i + 1])
    for parameter, gradient in right.items():
        if int(parameter[1:]) > number:
            assert np.array_equal(wrong[parameter], gradient)


def test_layers_can_be_called_one_by_one(batch):
    x, t = batch
    net = deep()
    model = planted.plant("tanh-of-input", net)
    values = [x]
    for layer in model.layers:
        values.append(layer.forward(values[-1]))
    dy = model.loss_function.gradient(values[-1], t)
    gradients = {}
    for i in reversed(range(len(model.layers))):
        dy, found = model.layers[i].backward(values[i], values[i + 1], dy)
        number = sum(bool(layer.params) for layer in model.layers[: i + 1])
        gradients.update({f"{name}{number}": array for name, array in found.items()})
    wrong = model.gradient(x, t)
    assert all(np.array_equal(gradients[name], wrong[name]) for name in wrong)


def test_it_tells_what_it_is():
    model = planted.plant("tanh-of-input", deep())
    assert repr(model) == "Planted('tanh-of-input' in Tanh1)"
    assert model.mistake is planted.MISTAKES["tanh-of-input"]
    assert model.mistake.needs == "a Tanh above an Affine"


@pytest.mark.parametrize("function", [planted.plant, planted.applicable])
def test_an_unknown_name_lists_the_choices(function):
    message = (
        "plant='tanh-input' is unknown; 'fastcheck selftest --list' .*did you mean 'tanh-of-input'"
    )
    with pytest.raises(UnknownChoice, match=message):
        function("tanh-input", deep())


def test_no_place():
    message = (
        "plant='leaky-mask-missing' needs a LeakyRelu above an Affine, which this network lacks; "
        "change the network or choose another mistake"
    )
    with pytest.raises(InvalidArgument, match=message):
        planted.plant("leaky-mask-missing", deep())


def test_seed():
    with pytest.raises(InvalidArgument, match=r"seed=-1 must be an integer >= 0"):
        planted.plant("loss-sign", deep(), seed=-1)


def test_what_is_no_network():
    with pytest.raises(InvalidType, match="net=dict must be a Network; mistakes are planted"):
        planted.plant("loss-sign", {})


def test_a_network_with_a_gradient_of_its_own():
    class Own(nn.Network):
        def gradient(self, x, t):
            return {}

    message = "net=Own must have the loss and gradient of Network; plant into a plain Network"
    with pytest.raises(InvalidType, match=message):
        planted.plant("loss-sign", Own([nn.Affine(4, 3)]))


def test_sample_networks_refuse_a_negative_seed():
    with pytest.raises(InvalidArgument, match=r"seed=-2 must be an integer >= 0"):
        sample_networks("float64", -2)


def test_public_names():
    assert fastcheck.planted is planted
    assert "planted" in dir(fastcheck)


def test_the_place_may_be_chosen():
    for place in ("Affine2", "Affine3"):
        assert planted.plant("weights-transposed", deep(), place=place).place == place


def test_a_place_that_the_network_lacks():
    message = "place='Affine1' is unknown; choose from 'Affine2', 'Affine3'"
    with pytest.raises(UnknownChoice, match=re.escape(message)):
        planted.plant("weights-transposed", deep(), place="Affine1")
