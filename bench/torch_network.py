"""The classic network in plain PyTorch, and what ``torch.autograd.gradcheck`` says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.cases import Case


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """A loss and the tensors at which it is checked.

    Attributes
    ----------
    loss
        Called with the parameters; the batch is in it.
    parameters
        By name, in the order in which `loss` takes them; float64, with ``requires_grad``.
    """

    loss: Callable[..., Any]
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """All that gradcheck says: whether it accepts, and if not, the first line of its message."""

    accepted: bool
    words: str = ""


def torch_network(case: Case) -> TorchNetwork:
    """Return the network of a case, with the same weights, batch and ReLUs.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    """
    import torch
    from torch.nn.functional import cross_entropy

    x, labels = torch.tensor(case.x), torch.tensor(case.t.argmax(axis=1))

    def loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        h = torch.relu(x @ W1 + b1)
        s = h @ W2 + b2
        return cross_entropy(torch.relu(s) if case.output_relu else s, labels)

    return TorchNetwork(
        loss,
        {
            name: torch.tensor(case.model.params[name], requires_grad=True)
            for name in ("W1", "b1", "W2", "b2")
        },
    )


def autograd(network: TorchNetwork) -> dict[str, NDArray[np.float64]]:
    """Return what PyTorch's own backward pass gives: what gradcheck checks."""
    import torch

    with _one_thread():
        inputs = tuple(network.parameters.values())
        gradients = torch.autograd.grad(network.loss(*inputs), inputs)
    return {
        name: gradient.numpy() for name, gradient in zip(network.parameters, gradients, strict=True)
    }


def gradcheck(network: TorchNetwork, *, fast: bool) -> Answer:
    """Run ``torch.autograd.gradcheck`` with its own eps, atol and rtol, on one thread.

    Parameters
    ----------
    network
        All its parameters are checked.
    fast
        Whether in fast mode: J u by one difference along one random u per parameter, instead of
        one difference per element.
    """
    import torch
    from torch.autograd.gradcheck import GradcheckError

    with _one_thread():
        try:
            torch.autograd.gradcheck(
                network.loss, tuple(network.parameters.values()), fast_mode=fast
            )
        except GradcheckError as error:
            return Answer(accepted=False, words=str(error).splitlines()[0].rstrip(", "))
    return Answer(accepted=True)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Give PyTorch one thread: its BLAS is inside it, where `one_blas_thread` cannot reach."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
