"""The deep network, in the form that ``fastcheck check bench.deep_network:build`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastcheck import data, nn

UNITS = (784, 256, 128, 64, 10)
ACTIVATIONS = ("relu", "tanh", "relu")  # after each hidden layer
BATCH = 100

_LAYERS: Mapping[str, Callable[[], nn.Layer]] = {"relu": nn.Relu, "tanh": nn.Tanh}


def build(batch: int = BATCH) -> tuple[Any, Any, Any]:
    """Return (model, x, t)."""
    layers: list[nn.Layer] = []
    for k, activation in enumerate(ACTIVATIONS):
        layers += [nn.Affine(UNITS[k], UNITS[k + 1]), _LAYERS[activation]()]
    x, t = data.mnist(batch)
    return nn.Network([*layers, nn.Affine(*UNITS[-2:])]), x, t
