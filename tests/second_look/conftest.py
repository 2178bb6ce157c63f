"""A small network with a batch near its kinks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from fastcheck import nn

STEP = 1e-4
SAMPLES, INPUTS, HIDDEN, CLASSES = 12, 15, 6, 3


@pytest.fixture(scope="module")
def classic():
    path = Path(__file__).resolve().parents[2] / "examples" / "classic_numpy.py"
    spec = importlib.util.spec_from_file_location("classic_numpy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=["nn", "plain NumPy"])
def net(request, classic):
    if request.param == "nn":
        return nn.TwoLayerNet(INPUTS, HIDDEN, CLASSES, weight_scale=0.3, output_relu=False)
    return classic.TwoLayerNet(INPUTS, HIDDEN, CLASSES, weight_init_std=0.3)


@pytest.fixture
def near_kinks():
    """Give a batch for which the last three hidden units often lie within a step of their kink."""

    def batch(net, seed=0):
        rng = np.random.default_rng(seed)
        wanted = rng.standard_normal((SAMPLES, HIDDEN))
        close = (rng.random(wanted.shape) < 0.5) & (np.arange(HIDDEN) >= 3)
        wanted[close] = rng.uniform(-0.9, 0.9, np.count_nonzero(close)) * STEP
        net.params["b1"][...] = 0.1 * rng.standard_normal(HIDDEN)
        x = (wanted - net.params["b1"]) @ np.linalg.pinv(net.params["W1"])
        np.testing.assert_allclose(x @ net.params["W1"] + net.params["b1"], wanted, atol=1e-12)
        return x, rng.integers(0, CLASSES, SAMPLES)

    return batch


@pytest.fixture
def away_from_kinks():
    """Tell which elements of a parameter of that network no kink comes near to."""

    def elements(name, shape):
        away = np.ones(shape, bool)
        if name in ("W1", "b1"):
            away[..., 3:] = False
        return away

    return elements
