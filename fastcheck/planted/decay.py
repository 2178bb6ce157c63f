"""Mistakes in the weight decay: the right one adds l2 w to the gradient of every weight w."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fastcheck.nn import Network
from fastcheck.nn.protocols import Array
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtPenalty, Decay

__all__ = ["DECAY"]


def _decays(net: Network) -> bool:
    return net.l2 > 0


def _decays_with_biases(net: Network) -> bool:
    return net.l2 > 0 and any(
        np.any(array)
        for layer in net.layers
        for name, array in layer.params.items()
        if name not in getattr(layer, "penalised", ())
    )


def _two_affines(net: Network) -> bool:
    return net.l2 > 0 and sum(bool(layer.params) for layer in net.layers) > 1


def _missing(decay: Decay) -> dict[str, Array]:  # noqa: ARG001 - as the others
    return {}


def _doubled(decay: Decay) -> dict[str, Array]:
    return {name: 2 * decay.l2 * w for name, w in decay.weights.items()}


def _halved(decay: Decay) -> dict[str, Array]:
    return {name: decay.l2 / 2 * w for name, w in decay.weights.items()}


def _averaged(decay: Decay) -> dict[str, Array]:
    return {name: decay.l2 / decay.samples * w for name, w in decay.weights.items()}


def _sign(decay: Decay) -> dict[str, Array]:
    return {name: -decay.l2 * w for name, w in decay.weights.items()}


def _on_biases(decay: Decay) -> dict[str, Array]:
    return {name: decay.l2 * w for name, w in {**decay.weights, **decay.others}.items()}


def _first_forgotten(decay: Decay) -> dict[str, Array]:
    return {name: decay.l2 * w for name, w in list(decay.weights.items())[1:]}


def _absolute(decay: Decay) -> dict[str, Array]:
    return {name: decay.l2 * np.sign(w) for name, w in decay.weights.items()}


def _mistake(
    name: str,
    summary: str,
    terms: Callable[[Decay], Mapping[str, Array]],
    needs: str = "weight decay, l2 > 0",
    accepts: Callable[[Network], bool] = _decays,
) -> Mistake:
    return Mistake(name, summary, frozenset({"weight decay"}), AtPenalty(needs, accepts, terms))


DECAY = (
    _mistake("l2-missing", "The weight decay is left out of the gradient.", _missing),
    _mistake(
        "l2-doubled", "The weight decay adds 2 l2 w, as if the loss had no half in it.", _doubled
    ),
    _mistake("l2-halved", "The weight decay adds l2 w / 2, with the half of the loss.", _halved),
    _mistake("l2-averaged", "The weight decay is divided by the batch size.", _averaged),
    _mistake("l2-sign", "The weight decay is subtracted instead of added.", _sign),
    _mistake(
        "l2-on-biases",
        "The weight decay is added to the gradient of the biases too.",
        _on_biases,
        "weight decay, l2 > 0, and biases that are not all zero",
        _decays_with_biases,
    ),
    _mistake(
        "l2-first-forgotten",
        "The weight decay is left out of the first Affine's gradient.",
        _first_forgotten,
        "weight decay, l2 > 0, and two Affines or more",
        _two_affines,
    ),
    _mistake("l2-absolute", "The weight decay adds l2 sign(w), as for an L1 penalty.", _absolute),
)
