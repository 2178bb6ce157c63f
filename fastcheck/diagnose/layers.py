"""Which layer's own backward is wrong: each is given what truly comes from above.

A layer is asked for its gradients with the true adjoint of its output; what it returns is compared
with the true adjoint of its input and with what its parameters truly get from it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcheck.diagnose.case import Array, Case
from fastcheck.diagnose.fit import SLACK
from fastcheck.diagnose.sweep import Part, Sweep
from fastcheck.model import layer_names
from fastcheck.primitives.running_error import underflow

# Roundings of the layer's own, in units of u: its input and output are rounded anew.
_ROUNDINGS = 64.0

# What may follow a layer's product and change nothing.
_BIAS = ("add", "reshape", "gather")


@dataclass(frozen=True, slots=True)
class Probed:
    """What a layer's backward did.

    Attributes
    ----------
    name
        The layer: its class and its number among those of that class; the loss by its class.
    passes
        Whether what it hands down is right.
    wrong
        The parameters, by the network's names, whose gradient is wrong here.
    x, y, dx, dy
        Its input and output, what it handed down, and the adjoint that it was given.
    due
        What it should have handed down, None where that is not known.
    below, above
        The numbers of the values that its input and its output are; `below` None for the first.
    weights
        Its parameters.
    is_activation
        Whether it is a layer without parameters; the loss is none.
    is_loss
        Whether it is the loss.
    """

    name: str
    passes: bool
    wrong: tuple[str, ...]
    x: Array
    y: Array
    dx: Array
    dy: Array
    due: Array | None
    below: int | None
    above: int
    weights: tuple[Array, ...]
    is_activation: bool = False
    is_loss: bool = False

    def holds(self, number: int) -> bool:
        """Tell whether a value's adjoint is made in its backward."""
        return self.below is not None and self.below <= number < self.above


def faulty(layers: Sequence[Probed] | None) -> list[Probed]:
    """Return the layers that do anything wrong."""
    return [layer for layer in layers or () if not layer.passes or layer.wrong]


class _Ends(NamedTuple):
    """A layer's input and output, and the numbers of the program's values that these are."""

    x: NDArray[Any]
    y: NDArray[Any]
    below: int | None
    above: int


def probed(case: Case, sweep: Sweep) -> list[Probed] | None:
    """Return what every layer does, in forward order, the loss last; None where none can be asked.

    Needed are ``layers``, each with ``forward(x)``, ``backward(x, y, dy)`` and ``params``, and
    perhaps ``loss_function`` with ``gradient(z, t)``, as `fastcheck.nn.Network` has them.
    """
    layers = getattr(case.model, "layers", None)
    if not isinstance(layers, Sequence) or not layers:
        return None
    try:
        return list(_asked(case, sweep, layers))
    except Exception:  # noqa: BLE001 - the user's layers may be of another kind
        return None


def _asked(case: Case, sweep: Sweep, layers: Sequence[Any]) -> Iterator[Probed]:
    outputs = [np.asarray(case.x)]
    for layer in layers:
        outputs.append(copy.deepcopy(layer).forward(outputs[-1]))
    numbers = _values(sweep, outputs)
    for i, (layer, name) in enumerate(zip(layers, layer_names(layers), strict=True)):
        number = numbers[i + 1]
        if number is None:
            continue
        ends = _Ends(outputs[i], outputs[i + 1], numbers[i], number)
        yield _probe(case, sweep, layer, name, ends)
    loss = getattr(case.model, "loss_function", None)
    if loss is not None and numbers[-1] is not None:
        yield _probe_loss(case, sweep, loss, outputs[-1], numbers[-1])


def _values(sweep: Sweep, outputs: Sequence[NDArray[Any]]) -> list[int | None]:
    """Return the program's value for the input and output of every layer, in forward order."""
    numbers: list[int | None] = [None]
    least = -1
    for output in outputs[1:]:
        found = None
        for operation in sweep.program.operations:
            number = operation.output
            # A bias of zero, too, belongs to the layer; a tanh of small numbers does not.
            goes_on = number > least
            if found is not None:
                goes_on = found in operation.inputs and operation.primitive.name in _BIAS
            if goes_on and number in sweep.adjoints and _equal(sweep, number, output):
                found = number
        if found is None and numbers[-1] is not None and _equal(sweep, numbers[-1], output):
            found = numbers[-1]
        numbers.append(found)
        least = least if found is None else found
    return numbers


def _equal(sweep: Sweep, number: int, array: NDArray[Any]) -> bool:
    value = sweep.arrays[number]
    if value.shape != np.shape(array):
        return False
    limit = SLACK * np.asarray(sweep.errors[number]) + 8 * sweep.roundoff(number) * np.abs(value)
    return bool(np.all(np.abs(value - array) <= limit))


def _probe(
    case: Case,
    sweep: Sweep,
    layer: Any,
    name: str,
    ends: _Ends,
) -> Probed:
    x, y, below, above = ends
    dy = sweep.adjoints[above].value.astype(y.dtype)
    dx, gradients = copy.deepcopy(layer).backward(x, y, dy)
    passes, due = True, None
    if below is not None:
        true = sweep.down_to(above, below)
        if true is not None:
            passes, due = _close(dx, true, sweep, below), true.value
    wrong = []
    for key, array in layer.params.items():
        known = _named(case, array)
        if known is None:
            continue
        number = sweep.program.parameters[known]
        true = sweep.down_to(above, number)
        if true is not None and not _close(gradients[key], true, sweep, number):
            wrong.append(known)
    weights = tuple(np.asarray(array, np.float64) for array in layer.params.values())
    before, after, down, up = (np.asarray(array, np.float64) for array in (x, y, dx, dy))
    return Probed(
        name,
        passes,
        tuple(wrong),
        before,
        after,
        down,
        up,
        due,
        below,
        above,
        weights,
        is_activation=not weights,
    )


def _probe_loss(case: Case, sweep: Sweep, loss: Any, scores: NDArray[Any], number: int) -> Probed:
    t = np.asarray(case.t)
    targets = t if t.ndim == 1 else t.astype(scores.dtype)
    dz = copy.deepcopy(loss).gradient(scores, targets)
    passes = _close(dz, sweep.adjoints[number], sweep, number)
    z, dz = np.asarray(scores, np.float64), np.asarray(dz, np.float64)
    name, above = type(loss).__name__, sweep.program.output
    due = sweep.adjoints[number].value
    return Probed(name, passes, (), z, z, dz, dz, due, number, above, (), is_loss=True)


def _named(case: Case, array: NDArray[Any]) -> str | None:
    """Return the network's name of a layer's parameter."""
    params = getattr(case.model, "params", {})
    return next(
        (name for name, own in params.items() if own is array and name in case.suspects), None
    )


def _close(found: NDArray[Any], true: Part, sweep: Sweep, number: int) -> bool:
    if np.shape(found) != true.value.shape:
        return False
    u = sweep.roundoff(number)
    size = np.abs(true.value)
    limit = SLACK * true.error + _ROUNDINGS * (u * size + underflow(u))
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(np.asarray(found, np.float64) - true.value) <= limit))
