"""Random correct networks: every seed gives one, with its batch.

All layers and losses, both dtypes, depth 1 to 5, widths 1 to 64, batches 1 to 200; weights and
biases from `bench.trust.weights`, data from `bench.trust.batches`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.trust.batches import draw_inputs, draw_targets, log_uniform
from bench.trust.traits import traits_of
from bench.trust.weights import draw_biases, draw_weights, scale_logits
from fastcheck import nn

DEEPEST = 5

_STREAM = 6  # one of its own: no seed of a network is that of another generator
_ACTIVATIONS: tuple[Callable[[], Any], ...] = (
    nn.Relu,
    nn.Relu,
    nn.Relu,
    nn.LeakyRelu,
    lambda: nn.LeakyRelu(0.2),
    nn.Tanh,
    nn.Sigmoid,
    nn.Softplus,
)
_LOSSES: tuple[Callable[[], Any], ...] = (
    nn.SoftmaxCrossEntropy,
    nn.SoftmaxCrossEntropy,
    nn.ClippedSoftmaxCrossEntropy,
    nn.MeanSquaredError,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A correct network and its batch.

    Attributes
    ----------
    seed
        Of everything.
    net
        The network.
    x, t
        The batch.
    traits
        What is special about it, in words.
    """

    seed: int
    net: nn.Network
    x: NDArray[Any]
    t: NDArray[Any]
    traits: frozenset[str]

    @property
    def depth(self) -> int:
        """How many Affines."""
        return sum(isinstance(layer, nn.Affine) for layer in self.net.layers)

    @property
    def parameters(self) -> int:
        """How many elements all parameters have."""
        return sum(array.size for array in self.net.params.values())


def sample(seed: int) -> Sample:
    """Return the network of this seed."""
    rng = np.random.default_rng([_STREAM, seed])
    inputs = draw_inputs(rng)
    dtype = "float32" if rng.random() < 0.4 else "float64"
    layers = tuple(_layers(rng, inputs.x.shape[1]))
    loss = _LOSSES[rng.integers(len(_LOSSES))]()
    l2 = 10.0 ** rng.uniform(-6, 0) if rng.random() < 0.35 else 0.0
    net = nn.Network(layers, loss=loss, dtype=dtype, seed=seed, l2=l2)
    x = inputs.x.astype(dtype)
    drawn = {draw_weights(rng, net), draw_biases(rng, net, x)}
    scale_logits(rng, net, x)
    t, kind = draw_targets(rng, loss, inputs.origin, net.outputs)
    traits = inputs.traits | (drawn - {""}) | {kind} | traits_of(net, x)
    return Sample(seed, net, x, t, frozenset(traits))


def _layers(rng: np.random.Generator, inputs: int) -> Iterator[Any]:
    """Yield Affines, each but the last with an activation or none after it."""
    depth = int(rng.integers(1, DEEPEST + 1))
    if rng.random() < 0.3:  # square ones, for what can only go wrong there
        widths = [inputs] * depth
    else:
        widths = [log_uniform(rng, 1, 64) for _ in range(depth)]
    if rng.random() < 0.7:
        widths[-1] = int(rng.integers(2, 13))
    everywhere = _ACTIVATIONS[rng.integers(len(_ACTIVATIONS))] if rng.random() < 0.5 else None
    for number, (before, after) in enumerate(pairwise([inputs, *widths]), start=1):
        yield nn.Affine(before, after)
        if rng.random() < (0.9 if number < depth else 0.2):
            yield (everywhere or _ACTIVATIONS[rng.integers(len(_ACTIVATIONS))])()
