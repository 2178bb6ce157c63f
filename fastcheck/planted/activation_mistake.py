"""A mistake in the derivative of an activation, seen in every layer below it."""

# ARG001: every derivative is given the spot, x, y and dy; each uses what serves it.
# ruff: noqa: ARG001

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import Where
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLayer, Spot

__all__ = ["activation_mistake", "choice", "one", "output"]

Derivative: TypeAlias = Callable[[Spot, Array, Array, Array], Any]


def activation_mistake(
    name: str, summary: str, kinds: set[str], where: Where, derivative: Derivative
) -> Mistake:
    """Return the mistake of handing down dy times `derivative`, of the spot, x, y and dy."""

    def backward(spot: Spot, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        return dy * derivative(spot, x, y, dy), {}

    return Mistake(name, summary, frozenset(kinds), AtLayer(*where, backward))


def one(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    """Return 1 everywhere: no derivative at all."""
    return np.ones_like(x)


def output(spot: Spot, x: Array, y: Array, dy: Array) -> Any:
    """Return the layer's output, taken for its derivative."""
    return y


def choice(condition: Array, yes: float, no: float, like: Array) -> Any:
    """Return `yes` where the condition holds, else `no`, in the dtype of `like`."""
    return np.where(condition, yes, no).astype(like.dtype)
