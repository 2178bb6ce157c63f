"""Other people's gradient checks, on the network, digits and weights of the reference loop.

They are optional: where a library is missing, its row says so.
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.accurate import Gradient
from bench.cases import Case
from bench.entrant import Entrant, absent, itself, no_gradient
from bench.torch_network import Answer, autograd, gradcheck, torch_network

SCIPY = "SciPy approx_derivative, 3-point"
TORCH_SLOW = "torch gradcheck, slow mode"
TORCH_FAST = "torch gradcheck, fast mode"
TORCH_FAST_EXAMPLE = "torch gradcheck, fast mode, plain-NumPy example"

_PROJECTION = "one random projection per parameter array, cannot say which weight"


def peers(classic: Case, example: Case) -> tuple[Entrant, ...]:
    """Return the peers, in the order of their turns.

    Parameters
    ----------
    classic
        The network of the reference loop.
    example
        The one without a ReLU after the scores. There fast mode is seen alone: having rejected, it
        runs slow mode as well.
    """
    return (
        _scipy(classic),
        _torch(TORCH_SLOW, classic, fast=False),
        _torch(TORCH_FAST, classic, fast=True),
        _torch(TORCH_FAST_EXAMPLE, example, fast=True, turns=None, calls=10),
    )


class FlatLoss:
    """The loss of a case as a function of one vector, the shape in which SciPy wants it.

    It writes into a copy of the model: the others' stays as it is.
    """

    def __init__(self, case: Case) -> None:
        self._model, self._x, self._t = deepcopy(case.model), case.x, case.t

    def __call__(self, vector: NDArray[np.float64]) -> Any:
        """Return the loss at a vector of all parameters, shape (P,)."""
        for name, values in self.parameters(vector).items():
            self._model.params[name][...] = values
        return self._model.loss(self._x, self._t)

    def vector(self) -> NDArray[np.float64]:
        """Return all parameters as one new vector, shape (P,)."""
        return np.concatenate([array.ravel() for array in self._model.params.values()])

    def parameters(self, vector: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the pieces of a vector by parameter, in their shapes."""
        pieces, start = {}, 0
        for name, array in self._model.params.items():
            pieces[name] = vector[start : start + array.size].reshape(array.shape)
            start += array.size
        return pieces


def _scipy(case: Case) -> Entrant:
    try:
        from scipy.optimize._numdiff import approx_derivative
    except ImportError as error:
        return absent(SCIPY, case, error)
    loss = FlatLoss(case)
    start = loss.vector()

    def run() -> Gradient:
        return loss.parameters(approx_derivative(loss, start, method="3-point"))

    return Entrant(
        name=SCIPY,
        run=run,
        warm_up=partial(loss, start),
        turns=1,
        case=case,
        threads=1,
        note=lambda _: "NumPy, called twice for every weight; SciPy's own step",
        gradient=itself,
    )


def _torch(name: str, case: Case, *, fast: bool, turns: int | None = 1, calls: int = 1) -> Entrant:
    try:
        network = torch_network(case)
    except ImportError as error:
        return absent(name, case, error)
    return Entrant(
        name=name,
        run=partial(gradcheck, network, fast=fast),
        warm_up=partial(autograd, network),
        turns=turns,
        calls=calls,
        case=case,
        threads=1,
        note=partial(_words, fast=fast),
        gradient=no_gradient,
    )


def _words(answer: Answer, *, fast: bool) -> str:
    said = "accepts" if answer.accepted else "rejects"
    words = f"says only yes or no: {said} this correct network"
    if not answer.accepted:
        words += f' ("{answer.words}")'
    if fast:
        words = f"{_PROJECTION}; {words}"
        if not answer.accepted:
            words += ", after which it runs slow mode for its message"
    return words
