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
    """A scalar function of scores z (N, C) and targets, averaged over the batch."""

    def loss(self, z: Array, t: npt.ArrayLike) -> Any:
        """Return the loss, a NumPy scalar of z's dtype."""
        ...

    def gradient(self, z: Array, t: npt.ArrayLike) -> Array:
        """Return dL/dz, of shape (N, C)."""
        ...
