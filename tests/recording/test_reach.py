from collections import OrderedDict

import numpy as np

from fastcheck.recording import record
from fastcheck.recording.reach import swapped

SHARED = np.arange(3.0)


def one():
    return SHARED


def other():
    return SHARED


def test_a_substitute_that_is_found_again_stays():
    replaced = []

    def replacement(leaf):
        if isinstance(leaf, np.ndarray):
            replaced.append(leaf)
            return leaf + 1
        return leaf

    with swapped((one, other), replacement):
        assert one() is other()
        assert one().tolist() == [1.0, 2.0, 3.0]
    assert len(replaced) == 1
    assert one() is replaced[0]


def the_module():
    return np


def test_numpys_stand_in_is_the_same_for_every_function(function_model):
    def loss(p, x, t):
        assert np is the_module()
        assert np.zeros is the_module().zeros
        return np.sum(p["a"] + np.zeros(2))

    record(function_model({"a": np.ones(2)}, loss), None, None)


class Stubborn(dict):
    """Intercepts every method that a careless restoration would call."""

    def update(self, *args, **kwargs):
        raise AssertionError("update")

    def clear(self):
        raise AssertionError("clear")

    def __setitem__(self, key, value):
        raise AssertionError("__setitem__")


class StubbornInOrder(OrderedDict):
    update, clear, __setitem__ = Stubborn.update, Stubborn.clear, Stubborn.__setitem__


def test_a_mapping_is_put_back_past_the_methods_of_its_class():
    plain, ordered = Stubborn(a=1, b=2), StubbornInOrder()
    for name, value in {"a": 1, "b": 2}.items():
        OrderedDict.__setitem__(ordered, name, value)
    with swapped((plain, ordered), lambda leaf: leaf):
        dict.pop(plain, "a")
        OrderedDict.move_to_end(ordered, "a")
        OrderedDict.__setitem__(ordered, "c", 3)
    assert list(plain.items()) == [("a", 1), ("b", 2)]
    assert list(ordered.items()) == [("a", 1), ("b", 2)]
