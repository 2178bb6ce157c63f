"""Mistakes in the backward of an activation, seen in every layer below it.

The right one hands down dy times the derivative at x.
"""

# ARG001: every derivative is given the spot, x, y and dy; each uses what serves it.
# ruff: noqa: ARG001

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastcheck.nn import LeakyRelu, Relu, Sigmoid, Softplus, Tanh
from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import Where, of_kind, relu_below_square, sloped
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLayer, Spot

__all__ = ["ACTIVATIONS"]

_Derivative: TypeAlias = Callable[[Spot, Array, Array, Array], Any]

_ABOVE = "above an Affine"


def _one(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return np.ones_like(x)


def _output(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return y


# The derivative of Relu and LeakyRelu is 1 where x > 0, else 0 or the slope.


def _inverted(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(x <= 0, 1, 0, x)


def _of_gradient(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(dy > 0, 1, 0, x)


def _of_next_layer(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    assert spot.following is not None
    return _where(spot.following.forward(y) > 0, 1, 0, x)


def _slope_dropped(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(x > 0, 1, 0, x)


def _slope_everywhere(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return np.full_like(x, spot.layer.slope)


def _slope_inverted(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(x > 0, spot.layer.slope, 1, x)


def _slope_sign(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(x > 0, 1, -spot.layer.slope, x)


# That of Tanh is 1 - y^2.


def _tanh_of_input(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return 1 - x * x


def _tanh_not_squared(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return 1 - y


def _tanh_applied_twice(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return 1 - np.tanh(y) ** 2


# That of Sigmoid is y (1 - y).


def _sigmoid_of_input(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return x * (1 - x)


def _sigmoid_applied_twice(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    s = _sigmoid(y)
    return s * (1 - s)


def _sigmoid_as_tanh(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return 1 - y * y


# That of Softplus is the sigmoid of x.


def _softplus_of_output(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _sigmoid(y)


def _softplus_as_relu(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    return _where(x > 0, 1, 0, x)


def _softplus_as_sigmoid(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    s = _sigmoid(x)
    return s * (1 - s)


def _sigmoid(x: Array) -> Any:
    return np.exp(-np.logaddexp(0, -x))


def _where(condition: Array, yes: float, no: float, like: Array) -> Any:
    return np.where(condition, yes, no).astype(like.dtype)


def _mistake(
    name: str,
    summary: str,
    kinds: set[str],
    where: Where,
    derivative: _Derivative,
) -> Mistake:
    def backward(spot: Spot, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * derivative(spot, x, y, dy), {}

    return Mistake(name, summary, frozenset(kinds), AtLayer(*where, backward))


_RELU = (f"a Relu {_ABOVE}", of_kind(Relu))
_LEAKY = (f"a LeakyRelu {_ABOVE}", of_kind(LeakyRelu))
_TANH = (f"a Tanh {_ABOVE}", of_kind(Tanh))
_SIGMOID = (f"a Sigmoid {_ABOVE}", of_kind(Sigmoid))
_SOFTPLUS = (f"a Softplus {_ABOVE}", of_kind(Softplus))
_SLOPE = (f"a LeakyRelu with a slope {_ABOVE}", sloped)
_NEXT = (f"a Relu {_ABOVE} and below a square one", relu_below_square)

ACTIVATIONS = (
    _mistake(
        "relu-mask-missing",
        "A Relu hands dy down as it is.",
        {"mask"},
        _RELU,
        _one,
    ),
    _mistake(
        "relu-mask-inverted",
        "A Relu hands dy down where its input was negative.",
        {"mask"},
        _RELU,
        _inverted,
    ),
    _mistake(
        "relu-mask-of-gradient",
        "A Relu hands dy down where dy, not its input, is positive.",
        {"mask"},
        _RELU,
        _of_gradient,
    ),
    _mistake(
        "relu-mask-of-next-layer",
        "A Relu's mask is made from the next layer's output.",
        {"mask"},
        _NEXT,
        _of_next_layer,
    ),
    _mistake(
        "relu-output-as-mask",
        "A Relu multiplies dy by its output instead of by its mask.",
        {"mask", "derivative"},
        _RELU,
        _output,
    ),
    _mistake(
        "leaky-slope-dropped",
        "A LeakyRelu's backward is that of a Relu, without the slope.",
        {"mask", "derivative"},
        _SLOPE,
        _slope_dropped,
    ),
    _mistake(
        "leaky-mask-missing",
        "A LeakyRelu hands dy down as it is.",
        {"mask"},
        _LEAKY,
        _one,
    ),
    _mistake(
        "leaky-mask-inverted",
        "A LeakyRelu applies its slope where its input was positive.",
        {"mask"},
        _LEAKY,
        _slope_inverted,
    ),
    _mistake(
        "leaky-slope-everywhere",
        "A LeakyRelu applies its slope to everything.",
        {"mask", "derivative"},
        _LEAKY,
        _slope_everywhere,
    ),
    _mistake(
        "leaky-slope-sign",
        "A LeakyRelu's slope has the wrong sign in the backward.",
        {"mask", "derivative"},
        _SLOPE,
        _slope_sign,
    ),
    _mistake(
        "tanh-of-input",
        "A Tanh's derivative is 1 - x^2, from its input instead of its output.",
        {"derivative"},
        _TANH,
        _tanh_of_input,
    ),
    _mistake(
        "tanh-derivative-missing",
        "A Tanh hands dy down as it is.",
        {"derivative", "mask"},
        _TANH,
        _one,
    ),
    _mistake(
        "tanh-not-squared",
        "A Tanh's derivative is 1 - y instead of 1 - y^2.",
        {"derivative"},
        _TANH,
        _tanh_not_squared,
    ),
    _mistake(
        "tanh-applied-twice",
        "A Tanh's derivative is taken at its output: 1 - tanh(y)^2.",
        {"derivative"},
        _TANH,
        _tanh_applied_twice,
    ),
    _mistake(
        "sigmoid-of-input",
        "A Sigmoid's derivative is x (1 - x), from its input instead of its output.",
        {"derivative"},
        _SIGMOID,
        _sigmoid_of_input,
    ),
    _mistake(
        "sigmoid-derivative-missing",
        "A Sigmoid hands dy down as it is.",
        {"derivative", "mask"},
        _SIGMOID,
        _one,
    ),
    _mistake(
        "sigmoid-applied-twice",
        "A Sigmoid's derivative is taken at its output: s(y) (1 - s(y)).",
        {"derivative"},
        _SIGMOID,
        _sigmoid_applied_twice,
    ),
    _mistake(
        "sigmoid-as-tanh",
        "A Sigmoid's derivative is a tanh's, 1 - y^2.",
        {"derivative"},
        _SIGMOID,
        _sigmoid_as_tanh,
    ),
    _mistake(
        "softplus-output",
        "A Softplus multiplies dy by its output instead of by the sigmoid.",
        {"derivative"},
        _SOFTPLUS,
        _output,
    ),
    _mistake(
        "softplus-derivative-missing",
        "A Softplus hands dy down as it is.",
        {"derivative", "mask"},
        _SOFTPLUS,
        _one,
    ),
    _mistake(
        "softplus-applied-twice",
        "A Softplus's derivative is the sigmoid of its output.",
        {"derivative"},
        _SOFTPLUS,
        _softplus_of_output,
    ),
    _mistake(
        "softplus-as-relu",
        "A Softplus's derivative is a Relu's mask.",
        {"derivative", "mask"},
        _SOFTPLUS,
        _softplus_as_relu,
    ),
    _mistake(
        "softplus-as-sigmoid",
        "A Softplus's derivative is a Sigmoid's.",
        {"derivative"},
        _SOFTPLUS,
        _softplus_as_sigmoid,
    ),
)
