"""The layer with parameters: its forward, then its backward.

The derivative with respect to its input is the chain rule, Bishop, "Pattern
Recognition and Machine Learning" (2006), eqs. 5.53 and 5.56. The interface is
`fastcheck.nn.protocols.Layer`.
"""

# ARG002: backward is given both x and y; this layer needs x.

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from fastcheck.errors import InvalidArgument, check_integer, check_positive
from fastcheck.nn.protocols import Array

__all__ = ["Affine"]


class Affine:
    """y = x W + b.

    Parameters
    ----------
    inputs, outputs : int
        Number of columns of x and of y.
    weight_scale : float, optional
        Standard deviation of the weights. By default the network chooses it.

    Attributes
    ----------
    W : ndarray, shape (inputs, outputs)
        The weights; absent until `draw`.
    b : ndarray, shape (outputs,)
        The biases; absent until `draw`.
    params : dict
        ``{"W": W, "b": b}``, the same arrays; empty until `draw`. To change a parameter
        write into its array (``W[...] = new``): others refer to it.
    penalised : tuple of str
        ``("W",)``, what a network's `l2` applies to. Not the biases: Goodfellow, Bengio &
        Courville, "Deep Learning" (2016), section 7.1.

    Raises
    ------
    InvalidType, InvalidArgument
        If a size is not an integer >= 1 or `weight_scale` is not positive and finite.
    """

    W: Array
    b: Array
    penalised: ClassVar[tuple[str, ...]] = ("W",)

    def __init__(self, inputs: int, outputs: int, *, weight_scale: float | None = None) -> None:
        remedy = "give the number of values per sample"
        self.inputs = check_integer("inputs", inputs, minimum=1, remedy=remedy)
        self.outputs = check_integer("outputs", outputs, minimum=1, remedy=remedy)
        if weight_scale is not None:
            weight_scale = check_positive(
                "weight_scale",
                weight_scale,
                remedy="leave it out to let the network choose",
            )
        self.weight_scale = weight_scale
        self.params: dict[str, Array] = {}

    def draw(self, generator: np.random.Generator, scale: float, dtype: np.dtype[Any]) -> None:
        """Set the weights to `scale` times a standard normal, the biases to zero.

        Drawn in float64, then rounded, so that both dtypes get the same network.
        """
        normal = generator.standard_normal((self.inputs, self.outputs))
        self.W = (scale * normal).astype(dtype)
        self.b = np.zeros(self.outputs, dtype)
        self.params = {"W": self.W, "b": self.b}

    def forward(self, x: Array) -> Array:
        """Return y, shape (N, outputs), for x of shape (N, inputs).

        Raises
        ------
        InvalidArgument
            If no weights were drawn.
        """
        if not self.params:
            raise InvalidArgument(
                f"{self!r} must have weights; put it into a Network or call draw()"
            )
        return x @ self.W + self.b

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:  # noqa: ARG002
        """Return dx = dy W^T, and dW = x^T dy, db = sum of dy over the batch."""
        return dy @ self.W.T, {"W": x.T @ dy, "b": np.sum(dy, axis=0)}

    def __repr__(self) -> str:
        return f"Affine({self.inputs}, {self.outputs})"
