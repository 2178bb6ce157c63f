"""Mistakes in the gradient of the loss, seen in every parameter.

The right ones are (p - t) / N for the softmax cross entropy, with p = softmax(z), and (z - t) / N
for the halved squared error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcheck.data import one_hot
from fastcheck.nn import (
    ClippedSoftmaxCrossEntropy,
    MeanSquaredError,
    Network,
    SoftmaxCrossEntropy,
)
from fastcheck.nn.protocols import Array
from fastcheck.planted.mistake import Mistake
from fastcheck.planted.sites import AtLoss

__all__ = ["LOSSES"]


def _any(net: Network) -> bool:  # noqa: ARG001 - as the others
    return True


def _several(net: Network) -> bool:
    return net.outputs > 1


def _softmax_loss(net: Network) -> bool:
    kinds = (SoftmaxCrossEntropy, ClippedSoftmaxCrossEntropy)
    return isinstance(net.loss_function, kinds) and net.outputs > 1


def _squared_error(net: Network) -> bool:
    return isinstance(net.loss_function, MeanSquaredError)


def _squared_error_of_several(net: Network) -> bool:
    return _squared_error(net) and net.outputs > 1


def _not_averaged(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, t) * z.shape[0]


def _averaged_twice(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, t) / z.shape[0]


def _averaged_over_classes(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, t) / z.shape[1]


def _doubled(loss: Any, z: Array, t: Array) -> Any:
    return 2 * _right(loss, z, t)


def _halved(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, t) / 2


def _sign(loss: Any, z: Array, t: Array) -> Any:
    return -_right(loss, z, t)


def _zero(loss: Any, z: Array, t: Array) -> Any:  # noqa: ARG001
    return np.zeros_like(z)


def _targets_minus_softmax(loss: Any, z: Array, t: Array) -> Any:  # noqa: ARG001
    return (_dense(t, z) - _softmax(z)) / z.shape[0]


def _targets_not_subtracted(loss: Any, z: Array, t: Array) -> Any:  # noqa: ARG001
    return _softmax(z) / z.shape[0]


def _without_softmax(loss: Any, z: Array, t: Array) -> Any:  # noqa: ARG001
    return (z - _dense(t, z)) / z.shape[0]


def _through_softmax_again(loss: Any, z: Array, t: Array) -> Any:
    # As if the loss were given probabilities: once more times the derivative of the softmax.
    p, dz = _softmax(z), _right(loss, z, t)
    return p * (dz - np.sum(dz * p, axis=1, keepdims=True))


def _with_softmax(loss: Any, z: Array, t: Array) -> Any:  # noqa: ARG001
    return (_softmax(z) - _dense(t, z)) / z.shape[0]


def _absolute(loss: Any, z: Array, t: Array) -> Any:
    return np.sign(_right(loss, z, t)) / z.shape[0]


def _classes_shifted(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, np.roll(_dense(t, z), 1, axis=1))


def _last_sample(loss: Any, z: Array, t: Array) -> Any:
    dz = _right(loss, z, t).copy()
    dz[-1] = 0
    return dz


def _other_targets(loss: Any, z: Array, t: Array) -> Any:
    return _right(loss, z, t[::-1])


def _right(loss: Any, z: Array, t: Array) -> Any:
    return loss.gradient(z, t)


def _softmax(z: Array) -> Any:
    powers = np.exp(z - np.max(z, axis=1, keepdims=True))
    return powers / np.sum(powers, axis=1, keepdims=True)


def _dense(t: Array, z: Array) -> Any:
    return one_hot(t, z.shape[1], z.dtype) if t.ndim == 1 else t


_ANY = ("a loss", _any)
_SEVERAL = ("two classes or more", _several)
_CROSS_ENTROPY = ("a softmax cross entropy of two classes or more", _softmax_loss)
_SQUARED = ("a MeanSquaredError", _squared_error)
_SQUARED_SEVERAL = ("a MeanSquaredError of two classes or more", _squared_error_of_several)

LOSSES = (
    Mistake(
        "loss-not-averaged",
        "The gradient of the loss is not divided by the batch size.",
        frozenset({"factor"}),
        AtLoss(*_ANY, _not_averaged),
    ),
    Mistake(
        "loss-averaged-twice",
        "The gradient of the loss is divided by the batch size twice.",
        frozenset({"factor"}),
        AtLoss(*_ANY, _averaged_twice),
    ),
    Mistake(
        "loss-averaged-over-classes",
        "The gradient of the loss is divided by the number of classes as well.",
        frozenset({"factor"}),
        AtLoss(*_SEVERAL, _averaged_over_classes),
    ),
    Mistake(
        "loss-halved",
        "The gradient of the loss is half of what it should be.",
        frozenset({"factor"}),
        AtLoss(*_ANY, _halved),
    ),
    Mistake(
        "loss-doubled",
        "The gradient of the loss is twice what it should be.",
        frozenset({"factor"}),
        AtLoss(*_ANY, _doubled),
    ),
    Mistake(
        "loss-sign",
        "The gradient of the loss has the wrong sign.",
        frozenset({"factor"}),
        AtLoss(*_ANY, _sign),
    ),
    Mistake(
        "loss-zero",
        "The gradient of the loss is all zeros.",
        frozenset({"zero"}),
        AtLoss(*_ANY, _zero),
    ),
    Mistake(
        "targets-minus-softmax",
        "The gradient of the cross entropy is (t - p) / N instead of (p - t) / N.",
        frozenset({"factor"}),
        AtLoss(*_CROSS_ENTROPY, _targets_minus_softmax),
    ),
    Mistake(
        "targets-not-subtracted",
        "The gradient of the cross entropy is p / N, without the targets.",
        frozenset({"loss"}),
        AtLoss(*_CROSS_ENTROPY, _targets_not_subtracted),
    ),
    Mistake(
        "softmax-missing",
        "The gradient of the cross entropy is (z - t) / N, without the softmax.",
        frozenset({"loss"}),
        AtLoss(*_CROSS_ENTROPY, _without_softmax),
    ),
    Mistake(
        "softmax-twice",
        "The gradient goes through the softmax once more, though (p - t) / N did so.",
        frozenset({"loss"}),
        AtLoss(*_CROSS_ENTROPY, _through_softmax_again),
    ),
    Mistake(
        "squared-error-absolute",
        "The gradient of the squared error is that of the absolute error, a sign.",
        frozenset({"loss"}),
        AtLoss(*_SQUARED, _absolute),
    ),
    Mistake(
        "squared-error-softmax",
        "The gradient of the squared error is that of a softmax cross entropy.",
        frozenset({"loss"}),
        AtLoss(*_SQUARED_SEVERAL, _with_softmax),
    ),
    Mistake(
        "targets-shifted",
        "The gradient of the loss takes each target for the next class.",
        frozenset({"loss", "shifted"}),
        AtLoss(*_SEVERAL, _classes_shifted),
    ),
    Mistake(
        "targets-reversed",
        "The gradient of the loss takes the targets in reverse order, as another batch's.",
        frozenset({"stale", "loss"}),
        AtLoss(*_ANY, _other_targets),
    ),
    Mistake(
        "loss-last-sample-forgotten",
        "The gradient of the loss leaves out the last sample of the batch.",
        frozenset({"samples"}),
        AtLoss(*_ANY, _last_sample),
    ),
)
