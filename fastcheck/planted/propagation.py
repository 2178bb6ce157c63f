"""Mistakes of an Affine as a whole: in what it hands down, and in which samples it sees.

The right one hands down dx = dy W^T. What is wrong there is seen only in the layers below.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import affine, affine_above, oblong_above, square_above
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLayer, Spot

__all__ = ["PROPAGATION"]

_Result: TypeAlias = tuple[Array, dict[str, Array]]


def _not_transposed(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    return dy @ spot.layer.W, spot.layer.backward(x, y, dy)[1]


def _reshaped(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    weights = spot.layer.W.reshape(spot.layer.W.shape[::-1])
    return dy @ weights, spot.layer.backward(x, y, dy)[1]


def _not_handed_down(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    return np.zeros_like(x), spot.layer.backward(x, y, dy)[1]


def _averaged_on_the_way(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    dx, gradients = spot.layer.backward(x, y, dy)
    return dx / x.shape[0], gradients


def _older_weights(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    weights = spot.layer.W
    change = spot.generator().standard_normal(weights.shape) * (0.1 * np.std(weights))
    older = (weights + change).astype(weights.dtype)
    return dy @ older.T, spot.layer.backward(x, y, dy)[1]


def _reversed_input(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    return spot.layer.backward(x[::-1], y, dy)  # type: ignore[no-any-return]


def _neighbour(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    return spot.layer.backward(np.roll(x, 1, axis=0), y, dy)  # type: ignore[no-any-return]


def _last_sample_forgotten(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    gradients = spot.layer.backward(x[:-1], y[:-1], dy[:-1])[1]
    return spot.layer.backward(x, y, dy)[0], gradients


def _first_sample(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    gradients = spot.layer.backward(x[:1], y[:1], dy[:1])[1]
    return spot.layer.backward(x, y, dy)[0], gradients


def _added_twice(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    dx, gradients = spot.layer.backward(x, y, dy)
    return dx, {name: gradient + gradient for name, gradient in gradients.items()}


def _forgotten(spot: Spot, x: Array, y: Array, dy: Array) -> _Result:
    dx, gradients = spot.layer.backward(x, y, dy)
    return dx, {name: np.zeros_like(gradient) for name, gradient in gradients.items()}


_ANY = ("an Affine", affine)
_ABOVE = ("an Affine above another", affine_above)

PROPAGATION = (
    Mistake(
        "backward-not-transposed",
        "A square Affine hands down dy W instead of dy W^T.",
        frozenset({"transposed"}),
        AtLayer(
            "an Affine with as many inputs as outputs above another Affine",
            square_above,
            _not_transposed,
        ),
    ),
    Mistake(
        "backward-reshaped",
        "An Affine hands down dy times W reshaped, instead of transposed.",
        frozenset({"transposed"}),
        AtLayer(
            "an Affine with different numbers of inputs and outputs above another Affine",
            oblong_above,
            _reshaped,
        ),
    ),
    Mistake(
        "backward-not-handed-down",
        "An Affine hands down zeros, so that nothing below it learns.",
        frozenset({"zero"}),
        AtLayer(*_ABOVE, _not_handed_down),
    ),
    Mistake(
        "backward-averaged-again",
        "An Affine divides what it hands down by the batch size.",
        frozenset({"factor"}),
        AtLayer(*_ABOVE, _averaged_on_the_way),
    ),
    Mistake(
        "stale-weights",
        "An Affine hands down dy times the weights from before the last update.",
        frozenset({"stale"}),
        AtLayer(*_ABOVE, _older_weights),
    ),
    Mistake(
        "stale-input",
        "The weights' gradient is taken with the samples in reverse order, as another batch's.",
        frozenset({"stale"}),
        AtLayer(*_ANY, _reversed_input),
    ),
    Mistake(
        "stale-neighbour",
        "The weights' gradient is taken with each sample's input from the one before it.",
        frozenset({"stale"}),
        AtLayer(*_ANY, _neighbour),
    ),
    Mistake(
        "last-sample-forgotten",
        "The gradients of one Affine leave out the last sample of the batch.",
        frozenset({"samples"}),
        AtLayer(*_ANY, _last_sample_forgotten),
    ),
    Mistake(
        "first-sample-only",
        "The gradients of one Affine are those of the first sample alone.",
        frozenset({"samples"}),
        AtLayer(*_ANY, _first_sample),
    ),
    Mistake(
        "gradient-added-twice",
        "The gradients of one Affine, weights and biases, are added up twice.",
        frozenset({"factor"}),
        AtLayer(*_ANY, _added_twice),
    ),
    Mistake(
        "gradient-forgotten",
        "The gradients of one Affine, weights and biases, are all zeros.",
        frozenset({"zero"}),
        AtLayer(*_ANY, _forgotten),
    ),
)
