"""A model of a few numbers, the parts of which are given as functions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fastcheck.honesty import examined


class Model:
    """L = sum of w^2 / 2 + sum of b^2 / 2, correct and honest unless told otherwise."""

    def __init__(self, loss=None, gradient=None, accuracy=None):
        self.params = {"w": np.arange(1.0, 7.0).reshape(2, 3), "b": np.array([0.5, -0.5])}
        self.calls = 0
        self._loss = loss
        self._gradient = gradient
        if accuracy is not None:
            self.accuracy = lambda x, t: accuracy(self, x, t)

    def loss(self, x, t):
        self.calls += 1
        return self.honest_loss() if self._loss is None else self._loss(self, x, t)

    def gradient(self, x, t):
        self.calls += 1
        if self._gradient is None:
            return self.honest_gradient()
        return self._gradient(self, x, t)

    def honest_loss(self):
        return sum(0.5 * float((array**2).sum()) for array in self.params.values())

    def honest_gradient(self):
        return {name: array.copy() for name, array in self.params.items()}


@pytest.fixture
def model():
    return Model


@pytest.fixture
def examine():
    """``examine(model, x, t, names)``: the evidence; all parameters are checked by default."""

    def call(model, x=None, t=None, names=None):
        result = SimpleNamespace(parameters=dict.fromkeys(names or model.params))
        before = {name: array.copy() for name, array in model.params.items()}
        evidence = examined(model, x, t, result)
        assert model.params.keys() == before.keys()
        assert all(np.array_equal(model.params[name], before[name]) for name in before)
        return evidence

    return call
