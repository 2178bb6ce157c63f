"""Mistakes in the backward of the smooth activations: Tanh, Sigmoid and Softplus."""

# ARG001: every derivative is given the spot, x, y and dy; each uses what serves it.
# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.nn import Sigmoid, Softplus, Tanh
from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import of_kind
from fastcheck.planted.activation_mistake import activation_mistake, choice, one, output
from fastcheck.planted.sites import Spot

__all__ = ["DERIVATIVES"]

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
    return choice(x > 0, 1, 0, x)


def _softplus_as_sigmoid(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    s = _sigmoid(x)
    return s * (1 - s)


def _sigmoid(x: Array) -> Any:
    return np.exp(-np.logaddexp(0, -x))


_TANH = ("a Tanh above an Affine", of_kind(Tanh))
_SIGMOID = ("a Sigmoid above an Affine", of_kind(Sigmoid))
_SOFTPLUS = ("a Softplus above an Affine", of_kind(Softplus))

DERIVATIVES = (
    activation_mistake(
        "tanh-of-input",
        "A Tanh's derivative is 1 - x^2, from its input instead of its output.",
        {"derivative"},
        _TANH,
        _tanh_of_input,
    ),
    activation_mistake(
        "tanh-derivative-missing",
        "A Tanh hands dy down as it is.",
        {"derivative", "mask"},
        _TANH,
        one,
    ),
    activation_mistake(
        "tanh-not-squared",
        "A Tanh's derivative is 1 - y instead of 1 - y^2.",
        {"derivative"},
        _TANH,
        _tanh_not_squared,
    ),
    activation_mistake(
        "tanh-applied-twice",
        "A Tanh's derivative is taken at its output: 1 - tanh(y)^2.",
        {"derivative"},
        _TANH,
        _tanh_applied_twice,
    ),
    activation_mistake(
        "sigmoid-of-input",
        "A Sigmoid's derivative is x (1 - x), from its input instead of its output.",
        {"derivative"},
        _SIGMOID,
        _sigmoid_of_input,
    ),
    activation_mistake(
        "sigmoid-derivative-missing",
        "A Sigmoid hands dy down as it is.",
        {"derivative", "mask"},
        _SIGMOID,
        one,
    ),
    activation_mistake(
        "sigmoid-applied-twice",
        "A Sigmoid's derivative is taken at its output: s(y) (1 - s(y)).",
        {"derivative"},
        _SIGMOID,
        _sigmoid_applied_twice,
    ),
    activation_mistake(
        "sigmoid-as-tanh",
        "A Sigmoid's derivative is a tanh's, 1 - y^2.",
        {"derivative"},
        _SIGMOID,
        _sigmoid_as_tanh,
    ),
    activation_mistake(
        "softplus-output",
        "A Softplus multiplies dy by its output instead of by the sigmoid.",
        {"derivative"},
        _SOFTPLUS,
        output,
    ),
    activation_mistake(
        "softplus-derivative-missing",
        "A Softplus hands dy down as it is.",
        {"derivative", "mask"},
        _SOFTPLUS,
        one,
    ),
    activation_mistake(
        "softplus-applied-twice",
        "A Softplus's derivative is the sigmoid of its output.",
        {"derivative"},
        _SOFTPLUS,
        _softplus_of_output,
    ),
    activation_mistake(
        "softplus-as-relu",
        "A Softplus's derivative is a Relu's mask.",
        {"derivative", "mask"},
        _SOFTPLUS,
        _softplus_as_relu,
    ),
    activation_mistake(
        "softplus-as-sigmoid",
        "A Softplus's derivative is a Sigmoid's.",
        {"derivative"},
        _SOFTPLUS,
        _softplus_as_sigmoid,
    ),
)
