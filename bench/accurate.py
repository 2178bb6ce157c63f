"""An accurate gradient of a classic network, to measure the errors of all others against.

Backprop once more, in NumPy's long double and independent of `fastcheck.nn`: the parameters and
the batch are taken as the float64 numbers they are, everything after that is rounded to long
double. On x86 that is 64 bits of significand, elsewhere up to 113; where a long double is a double,
`precision` says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gradient = Mapping[str, NDArray[Any]]
Accurate = dict[str, NDArray[np.longdouble]]

ACTIVATIONS = ("relu", "tanh", "none")


def accurate_gradient(
    params: Gradient,
    x: NDArray[Any],
    t: NDArray[Any],
    *,
    activations: Sequence[str],
    clip: float = 0.0,
) -> Accurate:
    """Return the gradient of the mean cross entropy ``L = -sum t log(p + clip) / N``.

    Parameters
    ----------
    params
        "W1" (D, H), "b1" (H,), "W2", "b2", ..., one pair per layer.
    x
        The batch, shape (N, D).
    t
        One-hot targets, shape (N, C).
    activations
        One of ACTIVATIONS per layer; the last is applied to the scores, before the softmax.
    clip
        What the textbook adds to p inside the logarithm.
    """
    exact = {name: np.asarray(array, np.longdouble) for name, array in params.items()}
    x, t = np.asarray(x, np.longdouble), np.asarray(t, np.longdouble)
    layers = range(1, len(activations) + 1)

    # a_0 = x, a_k = f_k(a_{k-1} W_k + b_k), p = softmax(a_last)
    values = [x]
    for k, activation in zip(layers, activations, strict=True):
        values.append(_applied(activation, values[-1] @ exact[f"W{k}"] + exact[f"b{k}"]))
    powers = np.exp(values[-1] - np.max(values[-1], axis=1, keepdims=True))
    p = powers / np.sum(powers, axis=1, keepdims=True)

    # dL/da_last = (p sum w - w) / N with w = t p / (p + clip), and back through each line above
    w = t * (p / (p + np.longdouble(clip))) if clip else t
    da = (p * np.sum(w, axis=1, keepdims=True) - w) / np.longdouble(len(x))
    found: Accurate = {}
    for k, activation in reversed(list(zip(layers, activations, strict=True))):
        dz = da * _slope(activation, values[k])
        found[f"b{k}"] = np.sum(dz, axis=0)
        found[f"W{k}"] = values[k - 1].T @ dz
        if k > 1:
            da = dz @ exact[f"W{k}"].T
    return {name: found[name] for name in params}


def _applied(activation: str, z: NDArray[Any]) -> NDArray[Any]:
    if activation == "relu":
        return np.where(z > 0, z, 0)
    if activation == "tanh":
        return np.asarray(np.tanh(z))
    return z


def _slope(activation: str, a: NDArray[Any]) -> Any:
    """Return the derivative of an activation where its value is `a`."""
    if activation == "relu":
        return a > 0
    if activation == "tanh":
        return (1 - a) * (1 + a)
    return 1


def largest_error(gradient: Gradient, accurate: Gradient) -> float:
    """Return the maximum over parameters of max|g - accurate| / max|accurate|.

    nan where any entry is nan; inf where the accurate gradient of a parameter is all zero and the
    other is not.
    """
    return float(np.max([_relative(gradient[name], exact) for name, exact in accurate.items()]))


def _relative(given: NDArray[Any], exact: NDArray[Any]) -> float:
    error = float(np.max(np.abs(given - exact)))
    size = float(np.max(np.abs(exact)))
    if size == 0.0:
        return error if error == 0.0 else error * np.inf
    return error / size


def precision() -> str:
    """Return one line about what the accurate gradient is worth on this platform."""
    epsilon = float(np.finfo(np.longdouble).eps)
    if epsilon < float(np.finfo(np.float64).eps):
        return f"accurate gradient: backprop in long double (epsilon {epsilon:.1e})"
    return (
        "accurate gradient: backprop in float64, since a long double is no wider on this platform; "
        "errors below 1e-14 mean nothing"
    )
