"""A network of any depth: layers, then a loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import check_integer
from fastcheck.nn.arguments import as_factor, as_inputs, as_network_targets, float_dtype
from fastcheck.nn.assembly import check_layers, check_loss, draw_weights
from fastcheck.nn.protocols import Array, Layer, Loss

__all__ = ["Network"]


class Network:
    """Layers applied one after the other, and a loss of the last one's output.

    With `l2` > 0 the loss is L + (l2 / 2) sum of w^2, over every weight w of every Affine, not
    over biases; so l2 w is added to the gradient of w.

    Parameters
    ----------
    layers : sequence of Layer
        At least one Affine among them. An Affine serves one network, in one place.
    loss : Loss, optional
        By default ``SoftmaxCrossEntropy()``.
    dtype : {"float64", "float32"}
        Of all parameters, activations, losses and gradients.
    seed : int
        Of the weights: normal, He's standard deviation sqrt(2 / inputs) before a Relu and
        sqrt(2 / ((1 + slope^2) inputs)) before a LeakyRelu, else Glorot's
        sqrt(2 / (inputs + outputs)), unless the Affine has its own `weight_scale`. Biases
        are zero.
    l2 : float
        Weight decay, finite and >= 0; 0 for none.

    Attributes
    ----------
    params : dict
        The live arrays "W1", "b1", "W2", ... in layer order; the number counts the
        layers that have parameters. Change them in place
        (``params["W1"][...] = new``): an array put into this dict is not used.
    layers : tuple of Layer
    loss_function : Loss
    dtype : dtype
    l2 : float
    inputs, outputs : int
        Columns that x must have, and C, the columns of the scores.

    Raises
    ------
    InvalidType
        If a layer, the loss, the seed or `l2` is of the wrong kind.
    InvalidArgument
        If there is no Affine, sizes do not fit, an Affine is used already, or the dtype
        (UnknownChoice), the seed or `l2` is none that is allowed.

    Notes
    -----
    Sources: He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015, eqs. 10
    and 15; Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, eq. 12; for the penalty, Bishop, "Pattern Recognition and Machine
    Learning" (2006), eq. 5.112.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        loss: Loss | None = None,
        dtype: npt.DTypeLike = "float64",
        seed: int = 0,
        l2: float = 0.0,
    ) -> None:
        self.layers = tuple(layers)
        affines = check_layers(self.layers)
        self.inputs = affines[0].inputs
        self.outputs = affines[-1].outputs
        self.loss_function = check_loss(loss)
        self.dtype = float_dtype(dtype)
        seed = check_integer("seed", seed, minimum=0, remedy="give for example 0")
        self.l2 = as_factor("l2", l2, remedy="give 0 for no penalty")
        # Last, so that a refused network leaves the layers as they were.
        draw_weights(self.layers, np.random.default_rng(seed), self.dtype)
        self.params: dict[str, Array] = {
            f"{name}{number}": array
            for number, layer in self._numbered()
            for name, array in layer.params.items()
        }

    def predict(self, x: npt.ArrayLike) -> Array:
        """Return the scores, shape (N, C), for x of shape (N, inputs).

        Raises
        ------
        InvalidType, InvalidArgument
            If `x` is not real, not finite, not of that shape, or has no row.
        """
        y = as_inputs(x, self.inputs, self.dtype)
        for layer in self.layers:
            y = layer.forward(y)
        return y

    def loss(self, x: npt.ArrayLike, t: npt.ArrayLike) -> Any:
        """Return the loss, a NumPy scalar.

        Parameters
        ----------
        x : array_like, shape (N, inputs)
        t : array_like, shape (N,) or (N, C)
            Integer labels, one-hot rows or rows of probabilities; for MeanSquaredError any
            rows.

        Raises
        ------
        InvalidType, InvalidArgument
            If `x` or `t` is not real, not finite or not of its shape, a label is outside
            0..C-1, or a row must be probabilities and is not.
        """
        scores = self.predict(x)
        loss = self.loss_function.loss(scores, self._targets(t, scores))
        for _, weights in self._decaying():
            # On the right and of the network's dtype: in NumPy 1 a float32 scalar times a
            # Python float is a float64.
            loss = loss + np.sum(np.square(weights)) * self.dtype.type(self.l2 / 2)
        return loss

    def gradient(self, x: npt.ArrayLike, t: npt.ArrayLike) -> dict[str, Array]:
        """Return the gradient of `loss` by backpropagation, a dict like `params`.

        Parameters and Raises are those of `loss`.
        """
        values = [as_inputs(x, self.inputs, self.dtype)]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        dy = self.loss_function.gradient(values[-1], self._targets(t, values[-1]))
        number = sum(bool(layer.params) for layer in self.layers)
        gradients: dict[str, Array] = {}
        steps = zip(self.layers, values[:-1], values[1:], strict=True)
        for layer, before, after in reversed(list(steps)):
            dy, found = layer.backward(before, after, dy)
            if layer.params:
                gradients.update({f"{name}{number}": g for name, g in found.items()})
                number -= 1
        for name, weights in self._decaying():
            gradients[name] = gradients[name] + self.l2 * weights
        return {name: gradients[name] for name in self.params}

    def accuracy(self, x: npt.ArrayLike, t: npt.ArrayLike) -> float:
        """Return the share of samples whose largest score is at the target's class.

        Parameters and Raises are those of `loss`; the class of a row of targets is its
        largest entry.
        """
        scores = self.predict(x)
        t = self._targets(t, scores)
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        return float(np.mean(np.argmax(scores, axis=1) == labels))

    def _numbered(self) -> Iterator[tuple[int, Layer]]:
        return enumerate((layer for layer in self.layers if layer.params), start=1)

    def _decaying(self) -> Iterator[tuple[str, Array]]:
        """Yield name and array of what the penalty applies to: nothing where there is none."""
        if self.l2:
            for number, layer in self._numbered():
                for name in getattr(layer, "penalised", ()):
                    yield f"{name}{number}", layer.params[name]

    def _targets(self, t: npt.ArrayLike, scores: Array) -> Array:
        probabilities = getattr(self.loss_function, "takes_probabilities", False)
        return as_network_targets(
            t, scores.shape[0], self.outputs, self.dtype, probabilities=probabilities
        )

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        penalty = f", l2={self.l2}" if self.l2 else ""
        return f"{type(self).__name__}([{layers}], loss={self.loss_function!r}{penalty})"
