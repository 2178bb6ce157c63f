"""A random network in plain PyTorch, float64: for what its gradcheck says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.torch_network import TorchNetwork
from bench.trust.networks import Sample
from fastcheck import nn


def torch_sample(case: Sample) -> TorchNetwork:
    """Return the network with the same weights and batch.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    """
    import torch

    x = torch.tensor(np.asarray(case.x, np.float64))
    t = torch.tensor(_dense(case))
    names = list(case.net.params)
    activations = _activations()
    loss_of = _loss(case.net.loss_function)

    def loss(*arrays: Any) -> Any:
        params = dict(zip(names, arrays, strict=True))
        y, number = x, 0
        for layer in case.net.layers:
            if isinstance(layer, nn.Affine):
                number += 1
                y = y @ params[f"W{number}"] + params[f"b{number}"]
            else:
                y = activations[type(layer)](layer, y)
        total = loss_of(y, t) / len(x)
        for name, array in params.items():
            if case.net.l2 and name.startswith("W"):
                total = total + (array**2).sum() * (case.net.l2 / 2)
        return total

    return TorchNetwork(
        loss,
        {
            name: torch.tensor(np.asarray(array, np.float64), requires_grad=True)
            for name, array in case.net.params.items()
        },
    )


def _activations() -> dict[type, Callable[[Any, Any], Any]]:
    import torch

    return {
        nn.Relu: lambda _, z: torch.relu(z),
        nn.LeakyRelu: lambda layer, z: torch.nn.functional.leaky_relu(z, layer.slope),
        nn.Tanh: lambda _, z: torch.tanh(z),
        nn.Sigmoid: lambda _, z: torch.sigmoid(z),
        # Its own softplus is linear above 20.
        nn.Softplus: lambda _, z: torch.logaddexp(z, torch.zeros_like(z)),
    }


def _loss(loss: Any) -> Callable[[Any, Any], Any]:
    """Return the loss summed over the batch."""
    import torch

    if isinstance(loss, nn.MeanSquaredError):
        return lambda z, t: ((z - t) ** 2).sum() / 2
    if isinstance(loss, nn.ClippedSoftmaxCrossEntropy):
        epsilon = loss.epsilon
        return lambda z, t: -(t * torch.log(torch.softmax(z, 1) + epsilon)).sum()
    return lambda z, t: -(t * torch.log_softmax(z, 1)).sum()


def _dense(case: Sample) -> Any:
    t = np.asarray(case.t)
    return np.eye(case.net.outputs)[t] if t.ndim == 1 else t.astype(np.float64)
