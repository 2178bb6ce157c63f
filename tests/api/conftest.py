"""A small network, digits for it, and models made of the network."""

from __future__ import annotations

import numpy as np
import pytest

from fastcheck import data, nn


class Wrapped:
    """A correct network with something about it changed."""

    def __init__(self, **changes):
        self.net = nn.TwoLayerNet(784, 6, 10, seed=1)
        self.params = self.net.params
        for name, value in changes.items():
            setattr(self, name, value)

    def loss(self, x, t):
        return self.net.loss(x, t)

    def gradient(self, x, t):
        return self.net.gradient(x, t)


@pytest.fixture(scope="session")
def wrapped():
    return Wrapped


@pytest.fixture(scope="module")
def batch():
    return data.mnist(8)


@pytest.fixture
def net():
    return nn.TwoLayerNet(784, 6, 10, seed=1)


@pytest.fixture(scope="session")
def agree():
    """Whether two gradients agree to a share of the largest entry: ``agree(one, other, share)``."""

    def compare(one, other, tolerance):
        return np.abs(one - other).max() <= tolerance * np.abs(other).max()

    return compare
