"""Random weights and biases: tiny and huge ones, dead and saturated units, scores of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck import nn

LARGEST_HIDDEN, LARGEST_LOGIT = 1e6, 1e3
SMALLEST_LOGIT = 1e-8

_SATURATING = 50.0  # beyond this a sigmoid is 0 or 1 to rounding, in either dtype


def draw_weights(rng: np.random.Generator, net: nn.Network) -> str:
    """Leave the weights as they are, or make some layers' tiny or huge; return what was done."""
    kind = str(rng.choice(("", "tiny weights", "huge weights"), p=(0.7, 0.15, 0.15)))
    if kind:
        for layer in _affines(net):
            power = rng.uniform(-8, -2) if kind == "tiny weights" else rng.uniform(0.5, 2.5)
            if rng.random() < 0.7:
                layer.params["W"][...] *= layer.params["W"].dtype.type(10.0**power)
    return kind


def draw_biases(rng: np.random.Generator, net: nn.Network, x: NDArray[Any]) -> str:
    """Leave the biases zero, or draw them; return what was done.

    Parameters
    ----------
    rng
        The generator.
    net
        Its biases are written, and a layer whose values grow too large is scaled.
    x
        The batch: a unit is dead or saturated on a batch.
    """
    kind = str(rng.choice(("zero biases", "", "dead", "saturating"), p=(0.45, 0.25, 0.15, 0.15)))
    size = 10.0 ** rng.uniform(-2, 0.5)
    y = x
    for layer in net.layers:
        if isinstance(layer, nn.Affine):
            bias = layer.params["b"]
            if kind != "zero biases":
                bias[...] = rng.normal(size=bias.size) * size
            z = layer.forward(y)
            some = rng.random(bias.size) < 0.3
            if kind == "dead":
                bias[some] -= 1.5 * np.max(np.abs(z), axis=0)[some] + bias.dtype.type(0.1)
            elif kind == "saturating":
                away = np.max(np.abs(z), axis=0) + _SATURATING * rng.uniform(1, 3)
                bias[some] += (rng.choice((-1, 1), size=bias.size) * away)[some].astype(bias.dtype)
            _limit(layer, y, LARGEST_HIDDEN)
        y = layer.forward(y)
    return kind if kind == "zero biases" else ""


def scale_logits(rng: np.random.Generator, net: nn.Network, x: NDArray[Any]) -> None:
    """Scale the last Affine: its largest output anything from 1e-8 to 1e3, or as it is to 1e3."""
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, nn.Affine))
    y = x
    for layer in net.layers[:last]:
        y = layer.forward(y)
    affine = net.layers[last]
    if rng.random() < 0.4:
        low, high = np.log10(SMALLEST_LOGIT), np.log10(LARGEST_LOGIT)
        _scale(affine, y, 10.0 ** rng.uniform(low, high))
    _limit(affine, y, LARGEST_LOGIT)


def _affines(net: nn.Network) -> list[Any]:
    return [layer for layer in net.layers if isinstance(layer, nn.Affine)]


def _limit(layer: Any, y: NDArray[Any], largest: float) -> None:
    if np.max(np.abs(layer.forward(y))) > largest:
        _scale(layer, y, largest)


def _scale(layer: Any, y: NDArray[Any], size: float) -> None:
    """Scale weights and biases so that the largest output is of this size, unless all are 0."""
    peak = float(np.max(np.abs(layer.forward(y))))
    if peak > 0:
        for array in layer.params.values():
            array[...] *= array.dtype.type(size / peak)
