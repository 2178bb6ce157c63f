"""Mistakes in the gradient of an Affine's biases; everything else stays right.

The right one is db = sum of dy over the batch, of shape (outputs,).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import Where, affine, several_outputs
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLayer, Spot

__all__ = ["BIASES"]

_Wrong: TypeAlias = Callable[[Array], Any]


def _averaged(dy: Array) -> Any:
    return np.mean(dy, axis=0)


def _wrong_axis(dy: Array) -> Any:
    # One value per sample, repeated or cut until it fits, as broadcasting and slicing would.
    return np.resize(np.sum(dy, axis=1), dy.shape[1])


def _over_everything(dy: Array) -> Any:
    return np.full(dy.shape[1], np.sum(dy), dy.dtype)


def _first_sample(dy: Array) -> Any:
    return dy[0].copy()


def _doubled(dy: Array) -> Any:
    return 2 * np.sum(dy, axis=0)


def _sign(dy: Array) -> Any:
    return -np.sum(dy, axis=0)


def _zero(dy: Array) -> Any:
    return np.zeros(dy.shape[1], dy.dtype)


def _shifted(dy: Array) -> Any:
    return np.roll(np.sum(dy, axis=0), 1)


def _mistake(name: str, summary: str, kinds: set[str], where: Where, wrong: _Wrong) -> Mistake:
    def backward(spot: Spot, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = spot.layer.backward(x, y, dy)
        return dx, {**gradients, "b": wrong(dy)}

    return Mistake(name, summary, frozenset(kinds), AtLayer(*where, backward))


_ANY = ("an Affine", affine)
_SEVERAL = ("an Affine with two outputs or more", several_outputs)

BIASES = (
    _mistake(
        "bias-averaged",
        "The biases' gradient is the mean over the batch instead of the sum.",
        {"bias sum", "factor"},
        _ANY,
        _averaged,
    ),
    _mistake(
        "bias-wrong-axis",
        "The biases' gradient is summed over the outputs instead of the batch.",
        {"bias sum"},
        _SEVERAL,
        _wrong_axis,
    ),
    _mistake(
        "bias-over-everything",
        "The biases' gradient is summed over the batch and over the outputs.",
        {"bias sum"},
        _SEVERAL,
        _over_everything,
    ),
    _mistake(
        "bias-first-sample",
        "The biases' gradient is that of the first sample alone.",
        {"samples"},
        _ANY,
        _first_sample,
    ),
    _mistake(
        "bias-doubled",
        "The biases' gradient is twice what it should be.",
        {"factor", "bias sum"},
        _ANY,
        _doubled,
    ),
    _mistake(
        "bias-sign",
        "The biases' gradient has the wrong sign.",
        {"factor"},
        _ANY,
        _sign,
    ),
    _mistake(
        "bias-zero",
        "The biases' gradient is all zeros.",
        {"zero"},
        _ANY,
        _zero,
    ),
    _mistake(
        "bias-shifted",
        "The biases' gradient is shifted by one.",
        {"shifted"},
        _SEVERAL,
        _shifted,
    ),
)
