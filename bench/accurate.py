"""An accurate gradient of the classic network, to measure the errors of all others against.

Backprop once more, in NumPy's long double and independent of `fastcheck.nn`: the parameters and
the batch are taken as the float64 numbers they are, everything after that is rounded to long
double. On x86 that is 64 bits of significand, elsewhere up to 113; where a long double is a double,
`precision` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gradient = Mapping[str, NDArray[Any]]


def accurate_gradient(
    params: Gradient, x: NDArray[Any], t: NDArray[Any], *, output_relu: bool
) -> dict[str, NDArray[np.longdouble]]:
    """Return dL/dW1, dL/db1, dL/dW2, dL/db2 of the mean cross entropy L.

    Parameters
    ----------
    params
        "W1" (D, H), "b1" (H,), "W2" (H, C), "b2" (C,).
    x
        The batch, shape (N, D).
    t
        One-hot targets, shape (N, C).
    output_relu
        Whether the scores go through a ReLU, as in the classic exercise.
    """
    W1, b1, W2, b2 = (np.asarray(params[name], np.longdouble) for name in ("W1", "b1", "W2", "b2"))
    x, t = np.asarray(x, np.longdouble), np.asarray(t, np.longdouble)

    # z1 = x W1 + b1, h = max(z1, 0), z2 = h W2 + b2, s = max(z2, 0) or z2, p = softmax(s)
    z1 = x @ W1 + b1
    h = np.where(z1 > 0, z1, 0)
    z2 = h @ W2 + b2
    s = np.where(z2 > 0, z2, 0) if output_relu else z2
    powers = np.exp(s - np.max(s, axis=1, keepdims=True))
    p = powers / np.sum(powers, axis=1, keepdims=True)

    # dL/ds = (p - t) / N, and back through each line above
    dz2 = (p - t) / np.longdouble(len(x))
    if output_relu:
        dz2 = np.where(z2 > 0, dz2, 0)
    dz1 = np.where(z1 > 0, dz2 @ W2.T, 0)
    return {
        "W1": x.T @ dz1,
        "b1": np.sum(dz1, axis=0),
        "W2": h.T @ dz2,
        "b2": np.sum(dz2, axis=0),
    }


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
