"""What is special about a network on its batch: looked at, not what was meant."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck import nn

_SWITCHES = (nn.Relu, nn.LeakyRelu)


def traits_of(net: nn.Network, x: NDArray[Any]) -> frozenset[str]:
    """Return what is special, in words; the classes of layers and loss among them."""
    found = {type(layer).__name__ for layer in net.layers} - {"Affine"}
    found |= {type(net.loss_function).__name__, str(net.dtype)}
    if net.l2:
        found.add("l2")
    if np.any(x == 0):
        found.add("zero inputs")
    if np.any(np.all(x == 0, axis=1)):
        found.add("zero rows")
    if not any(type(layer) in _ACTIVE for layer in net.layers):
        found.add("no activation")
    y = x
    for layer in net.layers:
        z, y = y, layer.forward(y)
        found |= _of_layer(layer, z, y)
    return frozenset(found | _of_logits(y))


_ACTIVE = (*_SWITCHES, nn.Tanh, nn.Sigmoid, nn.Softplus)


def _of_layer(layer: Any, z: NDArray[Any], y: NDArray[Any]) -> set[str]:
    found = set()
    if isinstance(layer, _SWITCHES) and np.any(z == 0):
        found.add("on a switch")
    if isinstance(layer, nn.Relu) and np.any(np.all(y == 0, axis=0)):
        found.add("dead units")
    tiny = np.finfo(y.dtype).eps
    if isinstance(layer, nn.Tanh) and np.any(np.abs(y) == 1):
        found.add("saturated units")
    if isinstance(layer, nn.Sigmoid) and np.any((y < tiny) | (y == 1)):
        found.add("saturated units")
    return found


def _of_logits(logits: NDArray[Any]) -> set[str]:
    peak = float(np.max(np.abs(logits)))
    if 0 < peak < 1e-6:
        return {"tiny logits"}
    return {"huge logits"} if peak > 100 else set()
