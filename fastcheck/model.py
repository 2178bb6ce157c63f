"""What a model must have: ``params``, a dict of live arrays, and ``loss(x, t)``, a number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck.errors import InvalidArgument, InvalidType, unknown_choice

_MATRIX = 2


def parameters_of(model: Any) -> dict[str, NDArray[Any]]:
    """Return the model's parameters: the live arrays, in the model's order.

    Raises
    ------
    InvalidType
        If the model has no ``loss``, its ``params`` is no mapping, or a parameter is not a float
        array.
    InvalidArgument
        If there are no parameters, or one holds nan or infinity.
    """
    if not callable(getattr(model, "loss", None)):
        raise InvalidType(
            f"model={type(model).__name__} has no method loss(x, t); "
            "pass an object with params and loss"
        )
    params = getattr(model, "params", None)
    if isinstance(model, type) and params is None:
        raise InvalidType(
            f"model={model.__name__} is a class without params, must be an object; make one, as in "
            f"{model.__name__}(...), and pass that"
        )
    if not isinstance(params, Mapping):
        raise InvalidType(
            f"model.params={type(params).__name__} must be a dict from names to float arrays; "
            "let it hold the very arrays that loss uses"
        )
    if not params:
        raise InvalidArgument("model.params={} holds no parameter; there is nothing to check")
    for name, array in params.items():
        if not isinstance(array, np.ndarray) or array.dtype not in (np.float32, np.float64):
            kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise InvalidType(
                f"params[{name!r}] is of kind {kind}, must be a float32 or float64 array; "
                "convert it once, where the model is made"
            )
        if _repeats(array):
            raise InvalidArgument(
                f"params[{name!r}] has elements that share memory (np.broadcast_to), and each must "
                "move by itself; make it a copy, once, where the model is made"
            )
        if not np.isfinite(array).all():
            raise InvalidArgument(
                f"params[{name!r}] holds nan or infinity, must be finite; "
                "look for the step that made it so"
            )
    return dict(params)


def _repeats(array: NDArray[Any]) -> bool:
    """Tell whether several elements are one place in memory."""
    steps = zip(array.strides, array.shape, strict=True)
    return array.size > 0 and any(step == 0 and length > 1 for step, length in steps)


def chosen_parameters(names: Mapping[str, Any], params: Any) -> list[str]:
    """Return which parameters to check: all, or those named by the option ``params``.

    Raises
    ------
    UnknownChoice
        If a name is none of the model's.
    InvalidArgument
        If no name is given; InvalidType if `params` is neither a name nor names.
    """
    if params is None:
        return list(names)
    if not isinstance(params, Iterable):
        raise InvalidType(
            f"params={params!r} is no name and no list of names; leave it out to check all of them"
        )
    wanted = [params] if isinstance(params, str) else list(params)
    if not wanted:
        raise InvalidArgument("params=[] names no parameter; leave it out to check all of them")
    for name in wanted:
        if name not in names:
            raise unknown_choice("params", name, names)
    return [name for name in names if name in wanted]


def plain_loss(model: Any, x: Any, t: Any) -> float:
    """Return ``model.loss(x, t)`` as a Python float.

    Raises
    ------
    InvalidType
        If it is not a single real number.
    """
    result = model.loss(x, t)
    array = np.asarray(result)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise InvalidType(
            f"model.loss returned {type(result).__name__} of shape {array.shape}, "
            "must be one real number; return the mean over the batch"
        )
    return float(array.item())


def finite(loss: float) -> float:
    """Return the loss at the parameters as they are, if it is a number.

    Raises
    ------
    InvalidArgument
        If it is nan or infinite.
    """
    if not math.isfinite(loss):
        raise InvalidArgument(
            f"model.loss returned {loss} at the parameters as they are, must be finite; "
            "no gradient exists there: look for an overflow, a log of 0 or a division by 0"
        )
    return loss


def steady_loss(model: Any, x: Any, t: Any, parameters: Mapping[str, NDArray[Any]]) -> float:
    """Return the loss, once it is sure that a call changes no parameter and repeats itself.

    Raises
    ------
    InvalidArgument
        If it changes a parameter, differs from call to call, or is nan or infinite.
    """
    with restored(parameters) as before:
        loss, again = plain_loss(model, x, t), plain_loss(model, x, t)
        for name, array in parameters.items():
            # Before the calls none was nan; to allow for it takes thirty times as long.
            if not np.array_equal(array, before[name]):
                raise InvalidArgument(
                    f"model.loss changes params[{name!r}], must only read it; "
                    "update the parameters outside of loss"
                )
    finite(loss)
    if loss != again:
        raise InvalidArgument(
            f"model.loss is not deterministic: called twice it gives {loss!r} and {again!r}; "
            "fix the seed of a dropout, and what is counted or averaged, inside loss"
        )
    return loss


def batch_size(x: Any, t: Any = None) -> int:
    """Return how many samples there are; a list may hold sequences of different lengths.

    They may also be the columns of `x`, as the targets tell: then these have as many columns, or
    are as many, and not as many rows as `x`.
    """
    if has_samples_in_columns(x, t):
        return int(x.shape[1])
    return len(x) if isinstance(x, (list, tuple)) or np.ndim(x) else 1


def has_samples_in_columns(x: Any, t: Any) -> bool:
    """Tell whether `x` is a matrix of features by samples."""
    if not isinstance(x, np.ndarray) or not isinstance(t, np.ndarray) or x.ndim != _MATRIX:
        return False
    return 1 <= t.ndim <= _MATRIX and t.shape[0] != x.shape[0] and t.shape[-1] == x.shape[1]


def layer_names(layers: Iterable[Any]) -> list[str]:
    """Return a name for each layer: its class, and its number among those of that class."""
    seen: Counter[str] = Counter()
    names = []
    for layer in layers:
        kind = type(layer).__name__
        seen[kind] += 1
        names.append(f"{kind}{seen[kind]}")
    return names


@contextmanager
def restored(parameters: Mapping[str, NDArray[Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    """Let the block write into the parameters; put back every bit afterwards.

    Yields copies of them as they were.

    Raises
    ------
    InvalidArgument
        If a parameter lies in memory that cannot be written to at all, such as a bytes object.
    """
    before = {name: array.copy() for name, array in parameters.items()}
    with ExitStack() as locks:
        for name, array in parameters.items():
            _unlock(name, array, locks)
        try:
            yield before
        finally:
            for name, array in parameters.items():
                array[...] = before[name]


def _unlock(name: str, array: NDArray[Any], locks: ExitStack) -> None:
    """Make the array writable until `locks` closes; a view only can be if its base is."""
    if array.flags.writeable:
        return
    if isinstance(array.base, np.ndarray):
        _unlock(name, array.base, locks)
    try:
        array.flags.writeable = True
    except ValueError:
        raise InvalidArgument(
            f"params[{name!r}] lies in read-only memory, and differences need to perturb it; "
            "make it a copy, once, where the model is made"
        ) from None
    locks.callback(setattr, array.flags, "writeable", False)
