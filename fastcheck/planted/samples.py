"""Small correct networks with their batches, on which every mistake can be planted and seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastcheck.errors import check_integer
from fastcheck.nn import (
    Affine,
    ClippedSoftmaxCrossEntropy,
    Layer,
    LeakyRelu,
    Loss,
    MeanSquaredError,
    Network,
    Relu,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
)
from fastcheck.nn.protocols import Array

__all__ = ["Sample", "sample_networks"]

_BATCH = 7


@dataclass(frozen=True, slots=True)
class Sample:
    """A network and a batch for it.

    Attributes
    ----------
    name
        What it is called in a table.
    net
        Its biases are not zero.
    x, t
        7 samples: inputs, and labels.
    """

    name: str
    net: Network
    x: Array
    t: Array


def sample_networks(dtype: str, seed: int) -> list[Sample]:
    """Return six networks that together use every layer, every loss and weight decay.

    Raises
    ------
    InvalidType, InvalidArgument
        If `dtype` is neither "float64" nor "float32", or `seed` is negative.
    """
    seed = check_integer("seed", seed, minimum=0, remedy="give for example 0")
    softmax, clipped = SoftmaxCrossEntropy(), ClippedSoftmaxCrossEntropy()
    squared = MeanSquaredError()
    kinds: list[tuple[str, Sequence[Layer], Loss, float]] = [
        ("classic", [Affine(6, 5), Relu(), Affine(5, 4), Relu()], softmax, 0.0),
        ("deep", [Affine(6, 5), Relu(), Affine(5, 5), Relu(), Affine(5, 4)], softmax, 0.1),
        ("leaky", [Affine(5, 4), LeakyRelu(0.1), Affine(4, 4), LeakyRelu(0.3)], squared, 0.0),
        ("smooth", [Affine(4, 4), Tanh(), Affine(4, 6), Sigmoid(), Affine(6, 3)], clipped, 0.05),
        ("soft", [Affine(3, 5), Softplus(), Affine(5, 5), Tanh(), Affine(5, 4)], squared, 0.2),
        ("linear", [Affine(5, 3)], softmax, 0.1),
    ]
    generator = np.random.default_rng(seed)
    samples = []
    for name, layers, loss, l2 in kinds:
        net = Network(layers, loss=loss, dtype=dtype, seed=seed, l2=l2)
        for parameter, array in net.params.items():
            if parameter.startswith("b"):
                array[...] = 0.3 * generator.standard_normal(array.shape)
        x = generator.standard_normal((_BATCH, net.inputs)).astype(dtype)
        t = generator.integers(0, net.outputs, _BATCH)
        samples.append(Sample(f"{name} {dtype}", net, x, t))
    return samples
