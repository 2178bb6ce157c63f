"""A loss in PyTorch with a backward written by hand, and what its gradcheck says of it."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

from bench.torch_network import TorchNetwork, gradcheck
from bench.trust.altered import Gradients
from bench.trust.networks import Sample
from bench.trust.torch_sample import torch_sample


@cache
def has_torch() -> bool:
    """Tell whether PyTorch can be asked."""
    return find_spec("torch") is not None


def rejects(given: Sample, gradients: Gradients, *, fast: bool) -> bool:
    """Tell whether ``torch.autograd.gradcheck`` rejects these gradients of the network's loss."""
    return not gradcheck(_written(given, gradients), fast=fast).accepted


def _written(given: Sample, gradients: Gradients) -> TorchNetwork:
    import torch

    network = torch_sample(given)
    handed = tuple(torch.tensor(gradients[name]) for name in network.parameters)

    class Written(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
        """The loss, and the gradients as they are given."""

        @staticmethod
        def forward(ctx: Any, *parameters: Any) -> Any:
            return network.loss(*parameters)

        @staticmethod
        def backward(ctx: Any, *upstream: Any) -> Any:
            return tuple(upstream[0] * gradient for gradient in handed)

    return TorchNetwork(Written.apply, network.parameters)
