"""What other rules notice of a single wrong weight, on a network that is small enough for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.trust.altered import Gradients, drawn_places, one_times
from bench.trust.networks import Sample
from bench.trust.rules import central
from bench.trust.written import has_torch, rejects
from fastcheck import data, nn

TORCH_SLOW, TORCH_FAST = "torch slow", "torch fast"
NORM, MEAN = "2-norm", "mean"
PEERS = (TORCH_SLOW, TORCH_FAST, NORM, MEAN)

NORM_LIMIT = 1e-6  # some times the square root of the machine epsilon, its step
MORE = 2.0  # times the mean of correct code is seen

_INPUTS, _HIDDEN, _CLASSES, _DIGITS = 64, 8, 10, 20
_SCIPY_STEP = 2.0**-26
_CLASSIC_STEP = 1e-4


@dataclass(frozen=True, slots=True)
class Small:
    """A small network, its gradient, and the differences of the rules that need no other.

    Attributes
    ----------
    given
        The network and its batch.
    right
        The backprop's gradient.
    one_sided, two_sided
        SciPy's and the classic differences.
    """

    given: Sample
    right: Gradients
    one_sided: Gradients
    two_sided: Gradients

    @classmethod
    def prepared(cls) -> Small:
        """Return them for two layers on the middle 8 x 8 pixels of some digits."""
        digits, t = data.mnist(_DIGITS)
        x = digits.reshape(-1, 28, 28)[:, 10:18, 10:18].reshape(-1, _INPUTS)
        net = nn.TwoLayerNet(_INPUTS, _HIDDEN, _CLASSES, output_relu=False, weight_scale=0.1)
        given = Sample(0, net, x, t, frozenset())
        return cls(
            given,
            net.gradient(x, t),
            forward(given, step=_SCIPY_STEP),
            central(net, x, t, step=_CLASSIC_STEP),
        )

    @property
    def words(self) -> str:
        """What the network is."""
        return (
            f"{_INPUTS}-{_HIDDEN}-{_CLASSES} on {_DIGITS} digits, "
            f"{self.given.parameters:,} parameters"
        )

    def noticed(self, magnitude: float, weights: int, rng: np.random.Generator) -> dict[str, str]:
        """Return of how many wrong weights each rule notices something, in words."""
        counts = dict.fromkeys(PEERS, 0)
        places = drawn_places(self.right, weights, rng)
        for place in places:
            said = self._said(one_times(place, 1 + magnitude)(self.right), place[0])
            for peer in PEERS:
                counts[peer] += said[peer]
        words = {peer: f"{count} of {len(places)}" for peer, count in counts.items()}
        return words if has_torch() else words | dict.fromkeys((TORCH_SLOW, TORCH_FAST), "not run")

    def of_correct(self) -> dict[str, str]:
        """Return what each says of the right gradient."""
        said = self._said(self.right, next(iter(self.right)))
        torch = {peer: "rejects" if said[peer] else "accepts" for peer in (TORCH_SLOW, TORCH_FAST)}
        if not has_torch():
            torch = dict.fromkeys(torch, "not run")
        means = [self._mean(self.right, name) for name in self.right]
        return {
            **torch,
            NORM: f"{self._norm(self.right):.1e}",
            MEAN: f"{min(means):.0e}..{max(means):.0e}",
        }

    def _said(self, gradients: Gradients, name: str) -> Mapping[str, bool]:
        network = self.given
        return {
            TORCH_SLOW: has_torch() and rejects(network, gradients, fast=False),
            TORCH_FAST: has_torch() and rejects(network, gradients, fast=True),
            NORM: self._norm(gradients) > NORM_LIMIT,
            MEAN: self._mean(gradients, name) >= MORE * self._mean(self.right, name),
        }

    def _norm(self, gradients: Gradients) -> float:
        squares = [np.sum((g - self.one_sided[name]) ** 2) for name, g in gradients.items()]
        return float(np.sqrt(np.sum(squares)))

    def _mean(self, gradients: Gradients, name: str) -> float:
        return float(np.mean(np.abs(gradients[name] - self.two_sided[name])))


def forward(given: Sample, *, step: float) -> dict[str, NDArray[np.float64]]:
    """Return (L(w + h) - L(w)) / h for every weight, as ``scipy.optimize.check_grad`` does."""
    net, found = given.net, {}
    base = float(net.loss(given.x, given.t))
    for name, array in net.params.items():
        flat, slopes = array.reshape(-1), np.empty(array.size)
        for i, saved in enumerate(flat.tolist()):
            flat[i] = saved + step
            slopes[i] = (float(net.loss(given.x, given.t)) - base) / (flat[i] - saved)
            flat[i] = saved
        found[name] = slopes.reshape(array.shape)
    return found
