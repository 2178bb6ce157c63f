"""A correct network with another gradient: the network's own, changed by a function."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck import nn

Gradients = Mapping[str, NDArray[Any]]
Alter = Callable[[Gradients], Gradients]
Place = tuple[str, tuple[int, ...]]


def altered(net: nn.Network, alter: Alter) -> nn.Network:
    """Return a twin whose gradient is changed; it shares the parameters."""
    twin = copy.copy(net)

    def gradient(x: Any, t: Any) -> Gradients:
        return alter(net.gradient(x, t))

    vars(twin)["gradient"] = gradient
    return twin


def one_times(place: Place, factor: float) -> Alter:
    """Return what multiplies a single entry."""
    name, index = place

    def alter(gradients: Gradients) -> Gradients:
        wrong = gradients[name].copy()
        wrong[index] *= wrong.dtype.type(factor)
        return {**gradients, name: wrong}

    return alter


def times(factor: float, names: tuple[str, ...] | None = None) -> Alter:
    """Return what multiplies whole gradients, by default all."""

    def alter(gradients: Gradients) -> Gradients:
        return {
            name: g * g.dtype.type(factor) if names is None or name in names else g
            for name, g in gradients.items()
        }

    return alter


def drawn_places(gradients: Gradients, count: int, rng: np.random.Generator) -> list[Place]:
    """Return the places of entries that are not zero, each as likely; all where there are fewer."""
    places = [
        (name, tuple(int(i) for i in index))
        for name, g in gradients.items()
        for index in np.argwhere(g != 0)
    ]
    chosen = rng.choice(len(places), min(count, len(places)), replace=False)
    return [places[i] for i in chosen]
