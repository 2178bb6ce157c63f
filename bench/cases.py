"""The networks that are measured, with the accurate gradient where they are measured."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import deep_network
from bench.accurate import Gradient, accurate_gradient, largest_error
from fastcheck import data, nn

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "classic_numpy.py"

_PIXELS, _CLASSES = 784, 10
_CLIP = 1e-7  # the textbook's


@dataclass(frozen=True, slots=True)
class Sizes:
    """Samples in the batch and hidden units; by default those of the classic exercise."""

    batch: int = 100
    hidden: int = 50


@dataclass(frozen=True, slots=True)
class Variant:
    """What is varied of the classic network.

    Attributes
    ----------
    seed
        Of the weights; it also says which digits: those after `seed` batches.
    output_relu
        Whether the scores go through a ReLU.
    scale
        "unit" or "raw" pixels.
    clipped
        Whether the loss is the textbook's -log(p + 1e-7).
    """

    seed: int = 0
    output_relu: bool = True
    scale: str = "unit"
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A network, its batch and the accurate gradient there.

    Attributes
    ----------
    model
        With ``params`` and ``loss(x, t)``.
    x, t
        Digits and one-hot targets.
    output_relu
        Whether the scores go through a ReLU.
    accurate
        The gradient of the loss, by parameter.
    """

    model: Any
    x: NDArray[np.float64]
    t: NDArray[np.float64]
    output_relu: bool
    accurate: Gradient

    @property
    def parameters(self) -> int:
        """How many elements all parameters have."""
        return sum(int(array.size) for array in self.model.params.values())

    @property
    def dtype(self) -> str:
        """The dtypes of the parameters, in general one."""
        return ", ".join(sorted({str(array.dtype) for array in self.model.params.values()}))

    def error(self, gradient: Gradient) -> float:
        """Return the largest error of a gradient, relative to the parameter's largest entry."""
        return largest_error(gradient, self.accurate)


def classic(sizes: Sizes, variant: Variant | None = None) -> tuple[Any, Any, Any]:
    """Return the classic network of `fastcheck.nn`, digits and targets."""
    variant = variant or Variant()
    model = nn.TwoLayerNet(
        _PIXELS,
        sizes.hidden,
        _CLASSES,
        output_relu=variant.output_relu,
        seed=variant.seed,
        loss=nn.ClippedSoftmaxCrossEntropy(epsilon=_CLIP) if variant.clipped else None,
    )
    x, t = data.mnist(sizes.batch, scale=variant.scale, offset=variant.seed * sizes.batch)
    return model, x, t


def nn_case(sizes: Sizes, variant: Variant | None = None) -> Case:
    """Return the classic network of `fastcheck.nn`, as it is or varied."""
    variant = variant or Variant()
    model, x, t = classic(sizes, variant)
    accurate = accurate_gradient(
        model.params,
        x,
        t,
        activations=_activations(output_relu=variant.output_relu),
        clip=_CLIP if variant.clipped else 0.0,
    )
    return Case(model, x, t, variant.output_relu, accurate)


def example_case(sizes: Sizes) -> Case:
    """Return the plain-NumPy network of the example, which knows nothing of fastcheck."""
    model = _example().TwoLayerNet(_PIXELS, sizes.hidden, _CLASSES)
    x, t = data.mnist(sizes.batch)
    activations = _activations(output_relu=False)
    return Case(model, x, t, False, accurate_gradient(model.params, x, t, activations=activations))


def deep_case(batch: int = deep_network.BATCH) -> Case:
    """Return the deep network, ReLU and tanh mixed."""
    model, x, t = deep_network.build(batch)
    activations = (*deep_network.ACTIVATIONS, "none")
    return Case(model, x, t, False, accurate_gradient(model.params, x, t, activations=activations))


def _activations(*, output_relu: bool) -> tuple[str, str]:
    return ("relu", "relu" if output_relu else "none")


@cache
def _example() -> ModuleType:
    """Import the example by its path: examples/ is no package."""
    name = f"bench.{EXAMPLE.stem}"
    spec = importlib.util.spec_from_file_location(name, EXAMPLE)
    if spec is None or spec.loader is None:
        raise ImportError(f"{EXAMPLE.name} cannot be imported", path=str(EXAMPLE))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
