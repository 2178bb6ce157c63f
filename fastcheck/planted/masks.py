"""Mistakes in the backward of Relu and LeakyRelu, whose derivative is a mask."""

# ARG001: every derivative is given the spot, x, y and dy; each uses what serves it.
# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.nn import LeakyRelu, Relu
from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import of_kind, relu_below_square, sloped
from fastcheck.planted.activation_mistake import activation_mistake, choice, one, output
from fastcheck.planted.sites import Spot

__all__ = ["MASKS"]

# The derivative of Relu and LeakyRelu is 1 where x > 0, else 0 or the slope.


def _inverted(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return choice(x <= 0, 1, 0, x)


def _of_gradient(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return choice(dy > 0, 1, 0, x)


def _of_next_layer(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    assert spot.following is not None
    return choice(spot.following.forward(y) > 0, 1, 0, x)


def _slope_dropped(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return choice(x > 0, 1, 0, x)


def _slope_everywhere(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return np.full_like(x, spot.layer.slope)


def _slope_inverted(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return choice(x > 0, spot.layer.slope, 1, x)


def _slope_sign(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return choice(x > 0, 1, -spot.layer.slope, x)


_RELU = ("a Relu above an Affine", of_kind(Relu))
_NEXT = ("a Relu above an Affine and below a square one", relu_below_square)
_LEAKY = ("a LeakyRelu above an Affine", of_kind(LeakyRelu))
_SLOPE = ("a LeakyRelu with a slope above an Affine", sloped)

MASKS = (
    activation_mistake(
        "relu-mask-missing",
        "A Relu hands dy down as it is.",
        {"mask"},
        _RELU,
        one,
    ),
    activation_mistake(
        "relu-mask-inverted",
        "A Relu hands dy down where its input was negative.",
        {"mask"},
        _RELU,
        _inverted,
    ),
    activation_mistake(
        "relu-mask-of-gradient",
        "A Relu hands dy down where dy, not its input, is positive.",
        {"mask"},
        _RELU,
        _of_gradient,
    ),
    activation_mistake(
        "relu-mask-of-next-layer",
        "A Relu's mask is made from the next layer's output.",
        {"mask"},
        _NEXT,
        _of_next_layer,
    ),
    activation_mistake(
        "relu-output-as-mask",
        "A Relu multiplies dy by its output instead of by its mask.",
        {"mask", "derivative"},
        _RELU,
        output,
    ),
    activation_mistake(
        "leaky-slope-dropped",
        "A LeakyRelu's backward is that of a Relu, without the slope.",
        {"mask", "derivative"},
        _SLOPE,
        _slope_dropped,
    ),
    activation_mistake(
        "leaky-mask-missing",
        "A LeakyRelu hands dy down as it is.",
        {"mask"},
        _LEAKY,
        one,
    ),
    activation_mistake(
        "leaky-mask-inverted",
        "A LeakyRelu applies its slope where its input was positive.",
        {"mask"},
        _LEAKY,
        _slope_inverted,
    ),
    activation_mistake(
        "leaky-slope-everywhere",
        "A LeakyRelu applies its slope to everything.",
        {"mask", "derivative"},
        _LEAKY,
        _slope_everywhere,
    ),
    activation_mistake(
        "leaky-slope-sign",
        "A LeakyRelu's slope has the wrong sign in the backward.",
        {"mask", "derivative"},
        _SLOPE,
        _slope_sign,
    ),
)
