"""Random batches: pixels and noise, zeros in all places, samples that are there twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcheck import data, nn

_SIDE, _DIGITS = 28, 1000
_LARGEST_SIDE = 8  # 64 inputs
_KINDS = ("noise", "noise", "unit pixels", "raw pixels", "sparse", "small", "large")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Rows of x and which of them are the same sample.

    Attributes
    ----------
    x
        float64, shape (N, inputs).
    origin
        Shape (N,): rows with the same number are the same.
    traits
        How they were drawn.
    """

    x: NDArray[np.float64]
    origin: NDArray[np.int64]
    traits: frozenset[str]


def log_uniform(rng: np.random.Generator, low: int, high: int) -> int:
    """Return an integer from low to high, small ones more often."""
    return int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))


def draw_inputs(rng: np.random.Generator) -> Inputs:
    """Draw a batch of 1 to 200 samples with 1 to 64 inputs."""
    samples = log_uniform(rng, 1, 200)
    kind = str(rng.choice(_KINDS))
    traits = {kind}
    x = _crops(rng, samples, kind) if "pixels" in kind else _noise(rng, samples, kind)
    if rng.random() < 0.15:
        x[:, rng.random(x.shape[1]) < 0.3] = 0.0
    if rng.random() < 0.15:
        x[rng.random(samples) < 0.4] = 0.0
    origin = np.arange(samples)
    if samples > 1 and rng.random() < 0.15:
        origin = rng.integers(samples, size=samples)
        x = x[origin]
        if len(set(origin)) < samples:
            traits.add("duplicated samples")
    return Inputs(x, origin, frozenset(traits))


def draw_targets(
    rng: np.random.Generator, loss: nn.Loss, origin: NDArray[np.int64], classes: int
) -> tuple[Any, str]:
    """Draw labels, one-hot rows, rows of probabilities or, for a squared error, any rows.

    Parameters
    ----------
    rng
        The generator.
    loss
        That of the network.
    origin
        As of `Inputs`: equal samples get equal targets.
    classes
        Columns of the scores.

    Returns
    -------
    t, trait
        The targets and what they are.
    """
    samples = len(origin)
    labels = rng.integers(classes, size=samples)[origin]
    kind = str(rng.choice(("labels", "one-hot targets", "soft targets")))
    if kind == "labels":
        return labels, kind
    if kind == "one-hot targets":
        return np.eye(classes)[labels], kind
    if isinstance(loss, nn.MeanSquaredError):
        return rng.normal(size=(samples, classes))[origin], "real targets"
    return rng.dirichlet(np.ones(classes), size=samples)[origin], kind


def _crops(rng: np.random.Generator, samples: int, kind: str) -> NDArray[np.float64]:
    offset = int(rng.integers(_DIGITS - samples + 1))
    digits, _ = data.mnist(samples, scale=kind.removesuffix(" pixels"), offset=offset)
    height, width = rng.integers(1, _LARGEST_SIDE + 1, size=2)
    top, left = rng.integers(_SIDE - height + 1), rng.integers(_SIDE - width + 1)
    images = digits.reshape(samples, _SIDE, _SIDE)[:, top : top + height, left : left + width]
    crops: NDArray[np.float64] = images.reshape(samples, -1)
    return crops


def _noise(rng: np.random.Generator, samples: int, kind: str) -> NDArray[np.float64]:
    x = rng.normal(size=(samples, log_uniform(rng, 1, 64)))
    if kind == "sparse":
        return np.where(rng.random(x.shape) < 0.3, x, 0.0)
    if kind == "small":
        return x * float(10.0 ** rng.uniform(-8, -1))
    return x * float(10.0 ** rng.uniform(1, 3)) if kind == "large" else x
