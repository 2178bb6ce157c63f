"""Mistakes in the gradient of an Affine's weights; what it hands down stays right.

The right one is dW = x^T dy, of shape (inputs, outputs).
"""

# ARG001: every one is given the spot, x, dy and the right dW; each uses what serves it.
# ruff: noqa: ARG001

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastcheck.nn.protocols import Array
from fastcheck.planted.accepts import (
    Where,
    affine,
    oblong,
    several_inputs,
    several_outputs,
    several_weights,
    square,
)
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLayer, Spot

__all__ = ["WEIGHTS"]

_Wrong: TypeAlias = Callable[[Spot, Array, Array, Array], Any]


def _transposed(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return dy.T @ x


def _transposed_and_reshaped(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    wrong: Array = dy.T @ x
    return wrong.reshape(dw.shape)


def _averaged_again(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return dw / x.shape[0]


def _doubled(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return 2 * dw


def _sign(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return -dw


def _zero(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return np.zeros_like(dw)


def _rows_shifted(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return np.roll(dw, 1, axis=0)


def _columns_shifted(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return np.roll(dw, 1, axis=1)


def _columns_swapped(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    order = np.arange(dw.shape[1])
    one = int(np.argmax(np.sum(np.abs(dw), axis=0)))
    other = int(spot.generator().choice(np.delete(order, one)))
    order[[one, other]] = order[[other, one]]
    return dw[:, order]


def _entry_enlarged(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return _with_entry(spot, dw, 1.01)


def _entry_zero(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return _with_entry(spot, dw, 0.0)


def _entry_sign(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    return _with_entry(spot, dw, -1.0)


def _row_enlarged(spot: Spot, x: Array, dy: Array, dw: Array) -> Any:
    size = np.max(np.abs(dw), axis=1)
    wrong = dw.copy()
    wrong[spot.generator().choice(_large(size))] *= 1.5
    return wrong


def _with_entry(spot: Spot, dw: Array, factor: float) -> Any:
    wrong = dw.reshape(-1).copy()
    wrong[spot.generator().choice(_large(np.abs(wrong)))] *= factor
    return wrong.reshape(dw.shape)


def _large(size: Array) -> Any:
    # Of a small one, as at a pixel that is always black, nobody would see what is wrong.
    return np.flatnonzero(size >= np.max(size) / 2)


def _mistake(name: str, summary: str, kinds: set[str], where: Where, wrong: _Wrong) -> Mistake:
    def backward(spot: Spot, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = spot.layer.backward(x, y, dy)
        return dx, {**gradients, "W": wrong(spot, x, dy, gradients["W"])}

    return Mistake(name, summary, frozenset(kinds), AtLayer(*where, backward))


_ANY = ("an Affine", affine)
_SEVERAL = ("an Affine with two outputs or more", several_outputs)
_ROWS = ("an Affine with two inputs or more", several_inputs)
_ENTRIES = ("an Affine with two weights or more", several_weights)

WEIGHTS = (
    _mistake(
        "weights-transposed",
        "The weights' gradient is dy^T x instead of x^T dy, in a square Affine.",
        {"transposed"},
        ("an Affine with as many inputs as outputs", square),
        _transposed,
    ),
    _mistake(
        "weights-transposed-and-reshaped",
        "The weights' gradient is dy^T x, reshaped until it fits.",
        {"transposed"},
        ("an Affine with different numbers of inputs and outputs, two or more of each", oblong),
        _transposed_and_reshaped,
    ),
    _mistake(
        "weights-averaged-again",
        "The weights' gradient is divided by the batch size, which the loss did already.",
        {"factor"},
        _ANY,
        _averaged_again,
    ),
    _mistake(
        "weights-doubled",
        "The weights' gradient of one Affine is twice what it should be.",
        {"factor"},
        _ANY,
        _doubled,
    ),
    _mistake(
        "weights-sign",
        "The weights' gradient of one Affine has the wrong sign.",
        {"factor"},
        _ANY,
        _sign,
    ),
    _mistake(
        "weights-zero",
        "The weights' gradient of one Affine is all zeros.",
        {"zero"},
        _ANY,
        _zero,
    ),
    _mistake(
        "weights-rows-shifted",
        "The rows of the weights' gradient are shifted by one.",
        {"shifted"},
        _ROWS,
        _rows_shifted,
    ),
    _mistake(
        "weights-columns-shifted",
        "The columns of the weights' gradient are shifted by one.",
        {"shifted"},
        _SEVERAL,
        _columns_shifted,
    ),
    _mistake(
        "weights-columns-swapped",
        "Two columns of the weights' gradient are swapped.",
        {"shifted"},
        _SEVERAL,
        _columns_swapped,
    ),
    _mistake(
        "weights-entry-enlarged",
        "One entry of the weights' gradient is one per cent too large.",
        {"entries"},
        _ENTRIES,
        _entry_enlarged,
    ),
    _mistake(
        "weights-entry-zero",
        "One entry of the weights' gradient is zero.",
        {"entries"},
        _ENTRIES,
        _entry_zero,
    ),
    _mistake(
        "weights-entry-sign",
        "One entry of the weights' gradient has the wrong sign.",
        {"entries"},
        _ENTRIES,
        _entry_sign,
    ),
    _mistake(
        "weights-row-enlarged",
        "One row of the weights' gradient is half as large again.",
        {"entries"},
        _ROWS,
        _row_enlarged,
    ),
)
