"""The classic network on the embedded digits, twice: in `fastcheck.nn` and in plain NumPy."""

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

from bench.accurate import Gradient, accurate_gradient, largest_error
from fastcheck import data, nn

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "classic_numpy.py"

_PIXELS, _CLASSES = 784, 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """Samples in the batch and hidden units; by default those of the classic exercise."""

    batch: int = 100
    hidden: int = 50


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


def nn_case(sizes: Sizes) -> Case:
    """Return the classic network of `fastcheck.nn`, with a ReLU after the scores."""
    model = nn.TwoLayerNet(_PIXELS, sizes.hidden, _CLASSES)
    return _case(model, sizes, output_relu=True)


def example_case(sizes: Sizes) -> Case:
    """Return the plain-NumPy network of the example, which knows nothing of fastcheck."""
    model = _example().TwoLayerNet(_PIXELS, sizes.hidden, _CLASSES)
    return _case(model, sizes, output_relu=False)


def _case(model: Any, sizes: Sizes, *, output_relu: bool) -> Case:
    x, t = data.mnist(sizes.batch)
    accurate = accurate_gradient(model.params, x, t, output_relu=output_relu)
    return Case(model, x, t, output_relu, accurate)


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
