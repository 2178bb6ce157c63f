"""The tables of ``bench.trust``, a little of each, and the networks they are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.trust import false_alarms, tightness
from bench.trust.extent import QUICK, Task
from bench.trust.networks import sample

SEEDS = range(300)


@pytest.fixture(scope="module")
def samples():
    return [sample(seed) for seed in SEEDS]


def test_a_seed_gives_one_network():
    for seed in (0, 7, 123):
        one, two = sample(seed), sample(seed)
        assert one.traits == two.traits
        assert repr(one.net) == repr(two.net)
        np.testing.assert_array_equal(one.x, two.x)
        np.testing.assert_array_equal(one.t, two.t)
        for name, array in one.net.params.items():
            np.testing.assert_array_equal(array, two.net.params[name])


def test_networks_differ(samples):
    assert len({repr(one.net) for one in samples}) > 200


@pytest.mark.parametrize(
    "trait",
    [
        "float64 float32 l2 labels Relu LeakyRelu Tanh Sigmoid Softplus SoftmaxCrossEntropy",
        "ClippedSoftmaxCrossEntropy MeanSquaredError",
    ],
)
def test_words_occur(samples, trait):
    for word in trait.split():
        assert sum(word in one.traits for one in samples) >= 10


@pytest.mark.parametrize(
    "trait",
    [
        "dead units",
        "saturated units",
        "on a switch",
        "zero biases",
        "zero inputs",
        "zero rows",
        "no activation",
        "duplicated samples",
        "unit pixels",
        "raw pixels",
        "tiny weights",
        "huge weights",
        "tiny logits",
        "huge logits",
        "one-hot targets",
        "soft targets",
        "real targets",
    ],
)
def test_traits_occur(samples, trait):
    assert sum(trait in one.traits for one in samples) >= 5


def test_sizes_are_those_asked_for(samples):
    assert {one.depth for one in samples} == {1, 2, 3, 4, 5}
    assert min(len(one.x) for one in samples) == 1
    assert 100 < max(len(one.x) for one in samples) <= 200
    widths = [width for one in samples for width in (one.net.inputs, one.net.outputs)]
    assert (min(widths), max(widths)) == (1, 64)


def test_networks_are_finite(samples):
    for one in samples:
        assert np.isfinite(one.net.loss(one.x, one.t))
        assert all(np.all(np.isfinite(g)) for g in one.net.gradient(one.x, one.t).values())


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    extent = replace(QUICK, networks=4, beside=0)
    task = Task(extent=replace(extent, networks=2), folder=tmp_path, workers=1)
    first = false_alarms.measure(task).data["networks"]
    (path,) = tmp_path.iterdir()
    with path.open("a", encoding="utf-8") as file:
        file.write('\n["2", {"see')
    asked = []
    check = false_alarms.check
    monkeypatch.setattr(false_alarms, "check", lambda key: asked.append(key) or check(key))
    again = false_alarms.measure(replace(task, extent=extent)).data["networks"]
    assert asked == ["2", "3"]
    assert again[:2] == first
    assert [one["seed"] for one in again] == [0, 1, 2, 3]


def test_table_1():
    section = false_alarms.measure(Task(extent=QUICK, workers=1))
    assert all(must.met for must in section.musts), list(map(str, section.musts))
    assert len(section.data["networks"]) == QUICK.networks
    assert len(section.data["beside"]) == QUICK.beside


def test_table_2():
    section = tightness.measure(Task(extent=QUICK))
    assert all(must.met for must in section.musts), list(map(str, section.musts))
    assert [row[0] for row in section.rows] == ["W1", "b1", "W2", "b2", "all"]
