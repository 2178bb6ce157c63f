"""The losses: each its forward, then its backward.

z are scores of shape (N, C), float64 or float32. Targets t are integer labels (N,),
one-hot (N, C) or soft (N, C). p = softmax(z) by rows. The formulas hold for soft rows of any
sum T, and a loss on its own takes them; a `Network` wants probabilities, T = 1, where the loss
has `takes_probabilities`.

Raises, for all of them: InvalidType if z or t is not real or labels are not integers;
InvalidArgument if their shapes do not fit or a label lies outside 0..C-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fastcheck.data.onehot import one_hot
from fastcheck.errors import check_positive
from fastcheck.nn.arguments import as_scores, as_targets
from fastcheck.nn.protocols import Array

__all__ = ["ClippedSoftmaxCrossEntropy", "MeanSquaredError", "SoftmaxCrossEntropy"]


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """L = -sum_nk t_nk log p_nk / N, exact.

    Sources: Bishop, "Pattern Recognition and Machine Learning" (2006), eqs. 4.108 and
    4.109; the shift by the maximum: Blanchard, Higham & Higham, "Accurately computing the
    log-sum-exp and softmax functions", IMA J. Numer. Anal. 41 (2021).
    """

    takes_probabilities: ClassVar[bool] = True

    def loss(self, z: Array, t: npt.ArrayLike) -> Any:
        """Return L, with log p_k = z_k - log sum_j exp z_j."""
        z, t = _arguments(z, t)
        shifted = z - np.max(z, axis=1, keepdims=True)
        log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        return -_sum_at_targets(log_p, t) / _in_dtype_of(z, z.shape[0])

    def gradient(self, z: Array, t: npt.ArrayLike) -> Array:
        """Return dL/dz = (T p - t) / N, shape (N, C)."""
        z, t = _arguments(z, t)
        return _softmax_gradient(_softmax(z), _dense(t, z))


@dataclass(frozen=True, kw_only=True)
class ClippedSoftmaxCrossEntropy:
    """L = -sum_nk t_nk log(p_nk + epsilon) / N, the textbook's guard against log 0.

    Parameters
    ----------
    epsilon : float
        Positive and finite.
    exact : bool
        Whether `gradient` is that of L, or the textbook's (T p - t) / N, which leaves
        epsilon out.

    Raises
    ------
    InvalidType, InvalidArgument
        If `epsilon` is not a positive finite number.
    """

    takes_probabilities: ClassVar[bool] = True

    epsilon: float = 1e-7
    exact: bool = True

    def __post_init__(self) -> None:
        epsilon = check_positive(
            "epsilon", self.epsilon, remedy="use SoftmaxCrossEntropy() for none"
        )
        object.__setattr__(self, "epsilon", epsilon)

    def loss(self, z: Array, t: npt.ArrayLike) -> Any:
        """Return L."""
        z, t = _arguments(z, t)
        return -_sum_at_targets(np.log(_softmax(z) + self.epsilon), t) / _in_dtype_of(z, z.shape[0])

    def gradient(self, z: Array, t: npt.ArrayLike) -> Array:
        """Return dL/dz, shape (N, C).

        By the chain rule dL/dz_j = (p_j sum_k w_k - w_j) / N with
        w_k = t_k p_k / (p_k + epsilon). The inexact one has w = t.
        """
        z, t = _arguments(z, t)
        p = _softmax(z)
        weights = _dense(t, z)
        if self.exact:
            weights = weights * (p / (p + self.epsilon))
        return _softmax_gradient(p, weights)


@dataclass(frozen=True)
class MeanSquaredError:
    """L = sum_nk (z_nk - t_nk)^2 / (2 N); integer labels become one-hot.

    Source: Bishop, "Pattern Recognition and Machine Learning" (2006), eq. 5.11, over N.
    """

    takes_probabilities: ClassVar[bool] = False

    def loss(self, z: Array, t: npt.ArrayLike) -> Any:
        """Return L."""
        z, t = _arguments(z, t)
        return np.sum((z - _dense(t, z)) ** 2) / _in_dtype_of(z, 2 * z.shape[0])

    def gradient(self, z: Array, t: npt.ArrayLike) -> Array:
        """Return dL/dz = (z - t) / N, shape (N, C)."""
        z, t = _arguments(z, t)
        dz: Array = (z - _dense(t, z)) / _in_dtype_of(z, z.shape[0])
        return dz


def _arguments(z: Array, t: npt.ArrayLike) -> tuple[Array, Array]:
    z = as_scores(z)
    samples, classes = z.shape
    return z, as_targets(t, samples, classes, z.dtype)


def _in_dtype_of(z: Array, number: int) -> Any:
    # In NumPy 1 a float32 scalar divided by an int is a float64.
    return z.dtype.type(number)


def _softmax(z: Array) -> Array:
    # Shifted by the maximum: exp cannot overflow.
    powers: Array = np.exp(z - np.max(z, axis=1, keepdims=True))
    p: Array = powers / np.sum(powers, axis=1, keepdims=True)
    return p


def _softmax_gradient(p: Array, weights: Array) -> Array:
    # The gradient of -sum_k weights_k log p_k by z, averaged.
    totals = np.sum(weights, axis=1, keepdims=True)
    dz: Array = (totals * p - weights) / _in_dtype_of(p, p.shape[0])
    return dz


def _sum_at_targets(values: Array, t: Array) -> Any:
    if t.ndim == 1:
        return np.sum(values[np.arange(t.shape[0]), t])
    return np.sum(t * values)


def _dense(t: Array, z: Array) -> Array:
    return one_hot(t, z.shape[1], z.dtype) if t.ndim == 1 else t
