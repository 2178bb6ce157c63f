"""The worst entries, layer by layer."""

from __future__ import annotations

import pytest

from fastcheck.report import Entry
from fastcheck.report.layers import by_layer, layer_of, units_last


def entries(*names):
    return [Entry(name, (at,), 1.0, 0.0, 1.0, 0.1, "fail") for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("name", "layer"), [("W1", 1), ("b12", 12), ("W", "W"), ("fc1.weight", "fc1.weight"), ("7", 7)]
)
def test_layer_of_a_name(name, layer):
    assert layer_of(name) == layer


def test_each_layer_stands_together_the_worst_first():
    chosen = by_layer(entries("W2", "W1", "b2", "V", "b1", "V"), 6)
    assert [(e.name, e.index[0]) for e in chosen] == [
        ("W2", 0),
        ("b2", 2),
        ("W1", 1),
        ("b1", 4),
        ("V", 3),
        ("V", 5),
    ]


def test_every_layer_is_there_while_there_is_room():
    worst = entries("W2", "W2", "W2", "W2", "W1", "W1", "W3")
    assert [e.name for e in by_layer(worst, 4)] == ["W2", "W2", "W1", "W3"]
    assert [e.index[0] for e in by_layer(worst, 4)] == [0, 1, 4, 6]
    assert [e.name for e in by_layer(worst, 2)] == ["W2", "W1"]
    assert by_layer([], 3) == []


@pytest.mark.parametrize(
    ("name", "shapes", "last"),
    [
        ("W1", {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}, True),
        ("W2", {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}, True),
        ("W1", {"W1": (50, 784), "b1": (50,), "W2": (10, 50), "b2": (10,)}, False),
        ("W2", {"W1": (50, 784), "b1": (50,), "W2": (10, 50), "b2": (10,)}, False),
        # Nothing tells: as most people write it.
        ("W1", {"W1": (5, 5), "b1": (5,)}, True),
        ("W1", {"W1": (5, 3)}, True),
        ("b1", {"W1": (5, 3), "b1": (3,)}, True),
    ],
)
def test_a_layers_bias_is_as_long_as_there_are_units(name, shapes, last):
    assert units_last(name, shapes) is last
