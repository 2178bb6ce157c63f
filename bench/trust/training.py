"""Small networks on digits, trained until their losses are tiny."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck import data, nn

ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "Relu": nn.Relu,
    "Tanh": nn.Tanh,
    "Softplus": nn.Softplus,
}

_DIGITS, _PIXELS, _CLASSES = 60, 784, 10
_RATE, _DECAY, _SQUARES_DECAY, _FLOOR = 0.003, 0.9, 0.999, 1e-12
_SEED = 8


def network(
    activation: str, dtype: str, hidden: int
) -> tuple[nn.Network, NDArray[Any], NDArray[Any]]:
    """Return a network of two layers, not trained yet, with digits and targets."""
    layers = [
        nn.Affine(_PIXELS, hidden),
        ACTIVATIONS[activation](),
        nn.Affine(hidden, _CLASSES),
    ]
    x, t = data.mnist(_DIGITS)
    return nn.Network(layers, dtype=dtype, seed=_SEED), x.astype(dtype), t.astype(dtype)


def trained(
    net: nn.Network, x: NDArray[Any], t: NDArray[Any], *, losses: Sequence[float], steps: int
) -> Iterator[float]:
    """Train with the whole batch at once; yield the loss when it first is below each of some.

    Source: Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.

    Parameters
    ----------
    net
        Its parameters are written.
    x, t
        The batch.
    losses
        At which to stop, falling.
    steps
        At most so many; what is not reached by then is not yielded.
    """
    first = {name: np.zeros_like(array) for name, array in net.params.items()}
    second = {name: np.zeros_like(array) for name, array in net.params.items()}
    wanted = list(losses)
    for step in range(1, steps + 1):
        for name, g in net.gradient(x, t).items():
            first[name] += (1 - _DECAY) * (g - first[name])
            second[name] += (1 - _SQUARES_DECAY) * (g * g - second[name])
            mean = first[name] / (1 - _DECAY**step)
            square = second[name] / (1 - _SQUARES_DECAY**step)
            net.params[name] -= _RATE * mean / (np.sqrt(square) + _FLOOR)
        loss = float(net.loss(x, t))
        if loss <= wanted[0]:
            yield loss
            wanted = [level for level in wanted if level < loss]
            if not wanted:
                return
