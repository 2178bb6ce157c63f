"""The classic exercise: Affine, Relu, Affine, and a Relu again."""

from __future__ import annotations

import numpy.typing as npt

from fastcheck.nn.activations import Relu
from fastcheck.nn.affine import Affine
from fastcheck.nn.network import Network
from fastcheck.nn.protocols import Layer, Loss

__all__ = ["TwoLayerNet"]


class TwoLayerNet(Network):
    """Affine, Relu, Affine, Relu and a loss.

    Parameters
    ----------
    inputs, hidden, outputs : int
        Columns of x, of the hidden layer and of the scores.
    weight_scale : float
        Standard deviation of all weights. Biases are zero.
    output_relu : bool
        Whether the scores go through a second Relu, as the classic exercise has it.
    loss, dtype, seed, l2
        As for `Network`.

    Raises
    ------
    InvalidType, InvalidArgument
        As for `Affine` and `Network`.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        weight_scale: float = 0.01,
        output_relu: bool = True,
        loss: Loss | None = None,
        dtype: npt.DTypeLike = "float64",
        seed: int = 0,
        l2: float = 0.0,
    ) -> None:
        layers: list[Layer] = [
            Affine(inputs, hidden, weight_scale=weight_scale),
            Relu(),
            Affine(hidden, outputs, weight_scale=weight_scale),
        ]
        if output_relu:
            layers.append(Relu())
        super().__init__(layers, loss=loss, dtype=dtype, seed=seed, l2=l2)
