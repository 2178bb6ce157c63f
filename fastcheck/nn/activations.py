"""The elementwise layers: each its forward, then its backward.

Each also tells what variance the weights that feed it should start with, its
`weight_variance`; a layer that does not gets Glorot's.
"""

# ARG002: backward is given both x and y, weight_variance both fans; each uses what serves it.

from __future__ import annotations

import numpy as np

from fastcheck.nn.arguments import as_factor
from fastcheck.nn.protocols import Array

__all__ = ["LeakyRelu", "Relu", "Sigmoid", "Softplus", "Tanh", "glorot_variance"]


def glorot_variance(inputs: int, outputs: int) -> float:
    """Return 2 / (inputs + outputs).

    Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010, eq. 12.
    """
    return 2 / (inputs + outputs)


def _he_variance(inputs: int, slope: float) -> float:
    # He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10, and eq. 15 for
    # the slope on the negative side.
    return 2 / ((1 + slope * slope) * inputs)


class _Activation:
    """An elementwise layer without parameters."""

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}

    def weight_variance(self, inputs: int, outputs: int) -> float:
        """Return the variance for weights of shape (inputs, outputs) before this layer."""
        return glorot_variance(inputs, outputs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Relu(_Activation):
    """y = max(x, 0), with derivative 0 at 0."""

    def forward(self, x: Array) -> Array:
        """Return y, of x's shape."""
        y: Array = np.maximum(x, 0)
        return y

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:  # noqa: ARG002
        """Return dx = dy where x > 0, else 0; no gradients."""
        return np.where(x > 0, dy, 0), {}

    def weight_variance(self, inputs: int, outputs: int) -> float:  # noqa: ARG002
        """Return He's variance, 2 / inputs."""
        return _he_variance(inputs, 0)


class LeakyRelu(_Activation):
    """y = x where x > 0, else slope x, with derivative slope at 0.

    Parameters
    ----------
    slope : float
        At least 0 and less than 1.

    Raises
    ------
    InvalidType, InvalidArgument
        If `slope` is not a number in that range.

    Notes
    -----
    Source: Maas, Hannun & Ng, "Rectifier nonlinearities improve neural network acoustic
    models", ICML 2013.
    """

    def __init__(self, slope: float = 0.01) -> None:
        super().__init__()
        self.slope = as_factor("slope", slope, below=1, remedy="leave it out for 0.01")

    def forward(self, x: Array) -> Array:
        """Return y, of x's shape."""
        # A maximum, since slope < 1: continuous by its form, so that a recording shows a kink
        # and not the jump that a choice between two branches might be.
        y: Array = np.maximum(x, self.slope * x)
        return y

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:  # noqa: ARG002
        """Return dx = dy where x > 0, else slope dy; no gradients."""
        return np.where(x > 0, dy, self.slope * dy), {}

    def weight_variance(self, inputs: int, outputs: int) -> float:  # noqa: ARG002
        """Return He's variance, 2 / ((1 + slope^2) inputs)."""
        return _he_variance(inputs, self.slope)

    def __repr__(self) -> str:
        return f"LeakyRelu({self.slope!r})"


class Tanh(_Activation):
    """y = tanh(x)."""

    def forward(self, x: Array) -> Array:
        """Return y, of x's shape."""
        y: Array = np.tanh(x)
        return y

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:  # noqa: ARG002
        """Return dx = dy (1 - y^2); no gradients."""
        # Factored: 1 - y is exact near saturation, 1 - y*y is not.
        return dy * ((1 - y) * (1 + y)), {}


class Sigmoid(_Activation):
    """y = s(x) = 1 / (1 + e^-x).

    Source: Bishop, "Pattern Recognition and Machine Learning" (2006), eqs. 4.59 and 4.88.
    """

    def forward(self, x: Array) -> Array:
        """Return y, of x's shape."""
        return _sigmoid(x)

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Return dx = dy s(x) s(-x); no gradients."""
        # Not y (1 - y): where y rounds to 1 that is 0, and short before it few digits are left.
        return dy * (y * _sigmoid(-x)), {}


class Softplus(_Activation):
    """y = log(1 + e^x), whose derivative is the sigmoid s(x).

    Source: Dugas, Bengio, Bélisle, Nadeau & Garcia, "Incorporating second-order functional
    knowledge for better option pricing", NIPS 2000.
    """

    def forward(self, x: Array) -> Array:
        """Return y, of x's shape."""
        y: Array = np.logaddexp(0, x)
        return y

    def backward(self, x: Array, y: Array, dy: Array) -> tuple[Array, dict[str, Array]]:  # noqa: ARG002
        """Return dx = dy s(x); no gradients."""
        return dy * _sigmoid(x), {}


def _sigmoid(x: Array) -> Array:
    # s(x) = exp(-log(1 + e^-x)): nothing overflows, no branch, and for very negative x the
    # relative accuracy stays, that of e^x.
    s: Array = np.exp(-np.logaddexp(0, -x))
    return s
