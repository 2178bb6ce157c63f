"""Which layers will do for a mistake: predicates of a network and a layer's number, from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from fastcheck.nn import Affine, Layer, LeakyRelu, Network, Relu

__all__ = [
    "Accepts",
    "Where",
    "affine",
    "affine_above",
    "oblong",
    "oblong_above",
    "of_kind",
    "relu_below_square",
    "several_inputs",
    "several_outputs",
    "several_weights",
    "sloped",
    "square",
    "square_above",
    "under_it",
]

Accepts: TypeAlias = Callable[[Network, int], bool]
Where: TypeAlias = tuple[str, Accepts]
"""What a network must have, in words, and the test of it."""


def under_it(net: Network, i: int) -> bool:
    """Tell whether a layer below has parameters, which what this one hands down reaches."""
    return any(layer.params for layer in net.layers[:i])


def of_kind(kind: type[Layer]) -> Accepts:
    """Return the test for a layer of this class above an Affine."""

    def accepts(net: Network, i: int) -> bool:
        return isinstance(net.layers[i], kind) and under_it(net, i)

    return accepts


def affine(net: Network, i: int) -> bool:
    """Tell whether it is an Affine."""
    return isinstance(net.layers[i], Affine)


def several_outputs(net: Network, i: int) -> bool:
    """Tell whether it is an Affine with two outputs or more."""
    layer = net.layers[i]
    return isinstance(layer, Affine) and layer.outputs > 1


def square(net: Network, i: int) -> bool:
    """Tell whether it is an Affine with as many inputs as outputs, two or more."""
    layer = net.layers[i]
    return isinstance(layer, Affine) and layer.inputs == layer.outputs > 1


def oblong(net: Network, i: int) -> bool:
    """Tell whether it is an Affine whose weights are a matrix that is not square."""
    layer = net.layers[i]
    return (
        isinstance(layer, Affine)
        and layer.inputs != layer.outputs
        and min(layer.inputs, layer.outputs) > 1
    )


def affine_above(net: Network, i: int) -> bool:
    """Tell whether it is an Affine above another."""
    return affine(net, i) and under_it(net, i)


def square_above(net: Network, i: int) -> bool:
    """Tell whether it is a square Affine above another Affine."""
    return square(net, i) and under_it(net, i)


def oblong_above(net: Network, i: int) -> bool:
    """Tell whether it is an oblong Affine above another Affine."""
    return oblong(net, i) and under_it(net, i)


def several_inputs(net: Network, i: int) -> bool:
    """Tell whether it is an Affine with two inputs or more."""
    layer = net.layers[i]
    return isinstance(layer, Affine) and layer.inputs > 1


def several_weights(net: Network, i: int) -> bool:
    """Tell whether it is an Affine with two weights or more."""
    layer = net.layers[i]
    return isinstance(layer, Affine) and layer.inputs * layer.outputs > 1


def sloped(net: Network, i: int) -> bool:
    """Tell whether it is a LeakyRelu above an Affine, whose slope is not 0."""
    layer = net.layers[i]
    return isinstance(layer, LeakyRelu) and layer.slope > 0 and under_it(net, i)


def relu_below_square(net: Network, i: int) -> bool:
    """Tell whether it is a Relu between an Affine and a square one that follows at once."""
    return (
        isinstance(net.layers[i], Relu)
        and under_it(net, i)
        and i + 1 < len(net.layers)
        and square(net, i + 1)
    )
