"""Where a mistake sits: in the backward of a layer, the gradient of the loss, the weight decay.

A site names the places that a network has for it, and says what is wrong there. What it replaces
keeps no state, as what it replaces kept none.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from fastcheck.model import layer_names
from fastcheck.nn import Layer, Loss, Network
from fastcheck.nn.protocols import Array

__all__ = ["AtLayer", "AtLoss", "AtPenalty", "Decay", "Parts", "Site", "Spot"]

Backward: TypeAlias = "Callable[[Spot, Array, Array, Array], tuple[Array, dict[str, Array]]]"
LossGradient: TypeAlias = "Callable[[Any, Array, Array], Any]"
Terms: TypeAlias = "Callable[[Decay], Mapping[str, Array]]"


@dataclass(frozen=True, slots=True)
class Spot:
    """What a wrong backward of a layer knows besides x, y and dy.

    Attributes
    ----------
    layer
        The correct one.
    following
        The layer after it, None for the last.
    seed
        Of whatever the mistake draws.
    """

    layer: Any
    following: Layer | None
    seed: int

    def generator(self) -> np.random.Generator:
        """Return a generator that draws the same in every call."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True, slots=True)
class Decay:
    """What a wrong weight decay is made of.

    Attributes
    ----------
    weights, others
        The parameters by name: those under the penalty, and those that are not.
    l2
        The factor.
    samples
        How many samples the batch has.
    """

    weights: Mapping[str, Array]
    others: Mapping[str, Array]
    l2: float
    samples: int


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a network that a mistake replaces; `terms` None for the network's own decay."""

    layers: tuple[Layer, ...]
    loss: Loss
    terms: Terms | None = None


@dataclass(frozen=True, slots=True)
class AtLayer:
    """In the backward of a layer.

    Attributes
    ----------
    needs
        What a network must have, in words.
    accepts
        Whether the layer with this number, from 0, will do.
    backward
        The wrong one, of a `Spot`, x, y and dy.
    """

    needs: str
    accepts: Callable[[Network, int], bool]
    backward: Backward

    def places(self, net: Network) -> tuple[str, ...]:
        """Return the names of the layers that will do."""
        names = layer_names(net.layers)
        return tuple(name for i, name in enumerate(names) if self.accepts(net, i))

    def replaced(self, net: Network, place: str, seed: int) -> Parts:
        """Return the network's parts, with a layer of the same class at the place."""
        layers = list(net.layers)
        i = layer_names(layers).index(place)
        following = layers[i + 1] if i + 1 < len(layers) else None
        # The same arrays, so that the parameters stay those of the network.
        wrong = copy.copy(layers[i])
        vars(wrong)["backward"] = partial(self.backward, Spot(layers[i], following, seed))
        layers[i] = wrong
        return Parts(tuple(layers), net.loss_function)


@dataclass(frozen=True, slots=True)
class AtLoss:
    """In the gradient of the loss.

    Attributes
    ----------
    needs
        What a network must have, in words.
    accepts
        Whether the network's loss will do.
    gradient
        The wrong one, of the correct loss, z and t.
    """

    needs: str
    accepts: Callable[[Network], bool]
    gradient: LossGradient

    def places(self, net: Network) -> tuple[str, ...]:
        """Return the name of the loss, if it will do."""
        return (type(net.loss_function).__name__,) if self.accepts(net) else ()

    def replaced(self, net: Network, place: str, seed: int) -> Parts:  # noqa: ARG002 - one place only
        """Return the network's parts, with a loss of the same class."""
        wrong = copy.copy(net.loss_function)
        # Not by assignment: losses are frozen.
        vars(wrong)["gradient"] = partial(self.gradient, net.loss_function)
        return Parts(net.layers, wrong)


@dataclass(frozen=True, slots=True)
class AtPenalty:
    """Where the weight decay is added to the gradient.

    Attributes
    ----------
    needs
        What a network must have, in words.
    accepts
        Whether the network will do.
    terms
        What is wrongly added, by parameter, of a `Decay`.
    """

    needs: str
    accepts: Callable[[Network], bool]
    terms: Terms

    def places(self, net: Network) -> tuple[str, ...]:
        """Return "l2", if the network will do."""
        return ("l2",) if self.accepts(net) else ()

    def replaced(self, net: Network, place: str, seed: int) -> Parts:  # noqa: ARG002 - one place only
        """Return the network's parts and the wrong terms."""
        return Parts(net.layers, net.loss_function, self.terms)


Site: TypeAlias = AtLayer | AtLoss | AtPenalty
