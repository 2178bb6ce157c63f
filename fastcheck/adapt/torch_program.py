"""A recorded program in PyTorch: its autograd's gradient is a second opinion on backprop.

It shares nothing with the hand-written backward pass, nor with the differences: only the recorded
forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import MissingDependency
from fastcheck.program import Program

# Primitives that PyTorch has under the same name and with the same meaning.
_SAME = (
    *("add", "subtract", "multiply", "divide", "logaddexp", "maximum", "minimum", "matmul"),
    *("negative", "reciprocal", "square", "sqrt", "exp", "expm1", "log", "log1p", "tanh"),
)
# The same, but their result is boolean there and a number here.
_ANSWERS = (
    *("greater", "greater_equal", "less", "less_equal", "not_equal"),
    *("logical_and", "logical_or", "logical_xor"),
)


def autograd_gradient(program: Program) -> dict[str, NDArray[np.float64]]:
    """Return the gradient of the program's loss by PyTorch's autograd, in float64.

    Parameters
    ----------
    program
        The recorded loss.

    Returns
    -------
    dict
        One array per parameter, of its shape; zero where the loss does not depend on it.

    Raises
    ------
    MissingDependency
        If PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependency(
            "second_opinion='torch' needs PyTorch; install the extra \"torch\" "
            "(pip install '.[torch]' in fastcheck's folder)"
        ) from None
    functions = _functions(torch)
    values: dict[int, Any] = {
        number: torch.tensor(array) for number, array in program.constants.items()
    }
    leaves: dict[int, Any] = {}
    for name, number in program.parameters.items():
        if number not in leaves:
            leaves[number] = torch.tensor(program.base[name], requires_grad=True)
    values |= leaves
    for operation in program.operations:
        inputs = (values[number] for number in operation.inputs)
        function = functions[operation.primitive.name]
        values[operation.output] = function(*inputs, **operation.attributes)
    loss = values[program.output]
    if loss.requires_grad:
        loss.backward()
    return {
        name: np.zeros_like(program.base[name])
        if leaves[number].grad is None
        else leaves[number].grad.numpy()
        for name, number in program.parameters.items()
    }


def _functions(torch: Any) -> Mapping[str, Callable[..., Any]]:
    """Return PyTorch's function for every primitive of the registry, under its name."""

    def gather(a: Any, *, index: NDArray[np.int64]) -> Any:
        return a.reshape(-1)[torch.from_numpy(np.ascontiguousarray(index))]

    def merge(a: Any, b: Any, *, index: NDArray[np.int64]) -> Any:
        return gather(torch.cat([a.reshape(-1), b.reshape(-1)]), index=index)

    def number(comparison: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *inputs: comparison(*inputs).to(torch.float64)

    def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
        def reduce(a: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
            return function(a, dim=axis, keepdim=keepdims) if axis else a.clone()

        return reduce

    def softmax_cross_entropy(z: Any, t: Any) -> Any:
        # A target 0 counts nothing, even where log p is -inf.
        terms = torch.where(t != 0, t * torch.log_softmax(z, dim=1), 0.0)
        return -terms.sum(dim=1)

    return {
        **{name: getattr(torch, name) for name in _SAME},
        **{name: number(getattr(torch, name)) for name in _ANSWERS},
        "equal": number(torch.eq),
        "power": torch.pow,
        "absolute": torch.abs,
        "sign": torch.sign,
        "where": lambda condition, a, b: torch.where(condition != 0, a, b),
        "sum": reduction(torch.sum),
        "max": reduction(torch.amax),
        "min": reduction(torch.amin),
        "gather": gather,
        "merge": merge,
        "reshape": lambda a, *, shape: a.reshape(shape),
        "softmax_cross_entropy": softmax_cross_entropy,
    }
