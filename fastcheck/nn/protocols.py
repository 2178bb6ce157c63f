"""What a network asks of its layers and of its loss."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy.typing as npt

__all__ = ["Array", "Layer", "Loss"]

Array: TypeAlias = npt.NDArray[Any]
"""float64 or float32, one dtype throughout a network."""


@runtime_checkable
class Layer(Protocol):
    """A differentiable function of a batch.

    Only `Affine` changes the number of columns; every other layer keeps it.

    A layer may also have `penalised`, the names of those of its `params` that a network's
    `l2` applies to (none where it is absent), and ``weight_variance(inputs, outputs)``, the
    variance for the weights of an Affine before it (Glorot's where it is absent).
    """

    params: dict[str, Array]
    """The live parameters by name; empty if there are none."""

    def forward(self, x: Array) -> Array:
        """Return y, of shape (N, outputs), for x of shape (N, inputs)."""
        ...

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Return dL/dx, of x's shape, and the gradients, a dict like `params`.

        `x` is what `forward` was given, `y` what it returned, `dy` is dL/dy.
        """
        ...


@runtime_checkable
class Loss(Protocol):
    """A scalar function of scores z (N, C) and targets, averaged over the batch.

    A loss may also have `takes_probabilities`, True if a row of 2-D targets must be one-hot or
    probabilities; a network then refuses any other. Where it is absent any finite row will do.
    """

    def loss(self, z: Array, t: npt.ArrayLike) -> Any:
        """Return the loss, a NumPy scalar of z's dtype."""
        ...

    def gradient(self, z: Array, t: npt.ArrayLike) -> Array:
        """Return dL/dz, of shape (N, C)."""
        ...
