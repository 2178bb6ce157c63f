"""A network with a mistake in its backward."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt

from fastcheck.errors import InvalidArgument, InvalidType, check_integer, unknown_choice
from fastcheck.nn import Network
from fastcheck.nn.protocols import Array
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import Decay
from fastcheck.planted.table import MISTAKES

__all__ = ["Planted", "applicable", "plant"]


class Planted:
    """A network's twin with a mistake in its backward; made by `plant`.

    Attributes
    ----------
    params : dict
        The network's own, live.
    mistake : Mistake
    place : str
        Where it sits, see `Mistake.places`.
    layers : tuple of Layer
    loss_function : Loss
        Of the same classes as the network's; the one at `place` has the wrong backward.
    l2 : float
    dtype : dtype
    loss, accuracy, predict
        The network's own methods.
    """

    def __init__(self, net: Network, mistake: Mistake, place: str, seed: int) -> None:
        parts = mistake.site.replaced(net, place, seed)
        self.mistake, self.place = mistake, place
        self.params, self.l2, self.dtype = net.params, net.l2, net.dtype
        self.layers, self.loss_function = parts.layers, parts.loss
        self.loss, self.accuracy, self.predict = net.loss, net.accuracy, net.predict
        self._net, self._terms = net, parts.terms
        # A copy shares the arrays; a new Network would draw them anew.
        self._wrong = copy.copy(net)
        self._wrong.layers, self._wrong.loss_function = parts.layers, parts.loss
        if parts.terms is not None:
            self._wrong.l2 = 0.0

    def gradient(self, x: npt.ArrayLike, t: npt.ArrayLike) -> dict[str, Array]:
        """Return the wrong gradient, a dict like `params`."""
        gradients = self._wrong.gradient(x, t)
        if self._terms is None:
            return gradients
        weights = dict(self._net._decaying())
        others = {name: array for name, array in self.params.items() if name not in weights}
        for name, term in self._terms(Decay(weights, others, self.l2, np.shape(x)[0])).items():
            gradients[name] = gradients[name] + term
        return gradients

    def __repr__(self) -> str:
        return f"Planted({self.mistake.name!r} in {self.place})"


def plant(name: str, net: Network, *, seed: int = 0, place: str | None = None) -> Planted:
    """Return a twin of a correct network, with a mistake in its backward.

    Parameters
    ----------
    name : str
        One of `MISTAKES`.
    net : Network
        Of any depth. It is left as it is; the twin shares its parameters.
    seed : int
        Of the place, where several will do, and of whatever else the mistake draws.
    place : str, optional
        Where to plant it, one of ``MISTAKES[name].places(net)``; by default drawn.

    Raises
    ------
    UnknownChoice
        If `name` is no mistake, or `place` none of its places.
    InvalidType
        If `net` is no Network, or has a loss or gradient of its own making.
    InvalidArgument
        If the network has no place for it, or `seed` is negative.
    """
    mistake, places = _places(name, net)
    seed = check_integer("seed", seed, minimum=0, remedy="give for example 0")
    if not places:
        raise InvalidArgument(
            f"plant={name!r} needs {mistake.needs}, which this network lacks; "
            "change the network or choose another mistake"
        )
    if place is None:
        place = places[int(np.random.default_rng(seed).integers(len(places)))]
    elif place not in places:
        raise unknown_choice("place", place, places)
    return Planted(net, mistake, place, seed)


def applicable(name: str, net: Network) -> bool:
    """Tell whether the network has a place for the mistake.

    Raises
    ------
    UnknownChoice, InvalidType
        As for `plant`.
    """
    return bool(_places(name, net)[1])


def _places(name: str, net: Network) -> tuple[Mistake, tuple[str, ...]]:
    if name not in MISTAKES:
        raise unknown_choice("plant", name, MISTAKES, listed_by="fastcheck selftest --list")
    if not isinstance(net, Network):
        raise InvalidType(
            f"net={type(net).__name__} must be a Network; mistakes are planted into its layers"
        )
    if type(net).loss is not Network.loss or type(net).gradient is not Network.gradient:
        raise InvalidType(
            f"net={type(net).__name__} must have the loss and gradient of Network; "
            "plant into a plain Network of the same layers"
        )
    mistake = MISTAKES[name]
    return mistake, mistake.places(net)
