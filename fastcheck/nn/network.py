"""A network of any depth: layers, then a loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.errors import InvalidArgument, InvalidType, check_integer
from fastcheck.nn.arguments import as_inputs, as_targets, float_dtype
from fastcheck.nn.layers import Affine, Relu
from fastcheck.nn.losses import SoftmaxCrossEntropy
from fastcheck.nn.protocols import Array, Layer, Loss

__all__ = ["Network"]


class Network:
    """Layers applied one after the other, and a loss of the last one's output.

    Parameters
    ----------
    layers : sequence of Layer
        At least one Affine among them. An Affine serves one network, in one place.
    loss : Loss, optional
        By default ``SoftmaxCrossEntropy()``.
    dtype : {"float64", "float32"}
        Of all parameters, activations, losses and gradients.
    seed : int
        Of the weights: normal, He's standard deviation sqrt(2 / inputs) before a Relu,
        else Glorot's sqrt(2 / (inputs + outputs)), unless the Affine has its own
        `weight_scale`. Biases are zero.

    Attributes
    ----------
    params : dict
        The live arrays "W1", "b1", "W2", ... in layer order; the number counts the
        layers that have parameters. Change them in place
        (``params["W1"][...] = new``): an array put into this dict is not used.
    layers : tuple of Layer
    loss_function : Loss
    dtype : dtype
    inputs, outputs : int
        Columns that x must have, and C, the columns of the scores.

    Raises
    ------
    InvalidType
        If a layer, the loss or the seed is of the wrong kind.
    InvalidArgument
        If there is no Affine, sizes do not fit, an Affine is used already, or the dtype
        (UnknownChoice) or the seed is none that is allowed.

    Notes
    -----
    Sources: He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10;
    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010, eq. 12.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        loss: Loss | None = None,
        dtype: npt.DTypeLike = "float64",
        seed: int = 0,
    ) -> None:
        self.layers = tuple(layers)
        affines = _check_layers(self.layers)
        self.inputs = affines[0].inputs
        self.outputs = affines[-1].outputs
        self.loss_function = _check_loss(loss)
        self.dtype = float_dtype(dtype)
        seed = check_integer("seed", seed, minimum=0, remedy="give for example 0")
        # Last, so that a refused network leaves the layers as they were.
        _draw(self.layers, np.random.default_rng(seed), self.dtype)
        self.params: dict[str, Array] = {
            f"{name}{number}": array
            for number, layer in enumerate(self._parametric(), start=1)
            for name, array in layer.params.items()
        }

    def predict(self, x: npt.ArrayLike) -> Array:
        """Return the scores, shape (N, C), for x of shape (N, inputs).

        Raises
        ------
        InvalidType, InvalidArgument
            If `x` is not real, not of that shape, or has no row.
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
            Integer labels, or one-hot or soft targets.

        Raises
        ------
        InvalidType, InvalidArgument
            If `x` or `t` is not real, not of its shape, or a label is outside 0..C-1.
        """
        return self.loss_function.loss(self.predict(x), t)

    def gradient(self, x: npt.ArrayLike, t: npt.ArrayLike) -> dict[str, Array]:
        """Return the gradient of `loss` by backpropagation, a dict like `params`.

        Parameters and Raises are those of `loss`.
        """
        values = [as_inputs(x, self.inputs, self.dtype)]
        for layer in self.layers:
            values.append(layer.forward(values[-1]))
        dy = self.loss_function.gradient(values[-1], t)
        number = len(self._parametric())
        gradients: dict[str, Array] = {}
        steps = zip(self.layers, values[:-1], values[1:], strict=True)
        for layer, before, after in reversed(list(steps)):
            dy, found = layer.backward(before, after, dy)
            if layer.params:
                gradients.update({f"{name}{number}": g for name, g in found.items()})
                number -= 1
        return {name: gradients[name] for name in self.params}

    def accuracy(self, x: npt.ArrayLike, t: npt.ArrayLike) -> float:
        """Return the share of samples whose largest score is at the target's class.

        Parameters and Raises are those of `loss`; the class of a one-hot or soft target
        is its largest entry.
        """
        scores = self.predict(x)
        t = as_targets(t, len(scores), self.outputs, self.dtype)
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        return float(np.mean(np.argmax(scores, axis=1) == labels))

    def _parametric(self) -> list[Layer]:
        return [layer for layer in self.layers if layer.params]

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"{type(self).__name__}([{layers}], loss={self.loss_function!r})"


def _check_layers(layers: Sequence[Layer]) -> list[Affine]:
    affines: list[Affine] = []
    for i, layer in enumerate(layers):
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise InvalidType(
                f"layers[{i}]={layer!r} must be a layer, with params, forward and "
                "backward; give an instance such as Relu()"
            )
        if not isinstance(layer, Affine):
            continue
        if layer.params or any(layer is other for other in affines):
            raise InvalidArgument(
                f"layers[{i}]={layer!r} must not be used elsewhere; "
                "make a new Affine for each place"
            )
        if affines and layer.inputs != affines[-1].outputs:
            raise InvalidArgument(
                f"layers[{i}]={layer!r} must have as many inputs as {affines[-1]!r} "
                f"before it has outputs; give Affine({affines[-1].outputs}, "
                f"{layer.outputs})"
            )
        affines.append(layer)
    if not affines:
        raise InvalidArgument(
            f"layers={list(layers)!r} must contain an Affine; give for example [Affine(784, 10)]"
        )
    return affines


def _check_loss(loss: Loss | None) -> Loss:
    if loss is None:
        return SoftmaxCrossEntropy()
    if isinstance(loss, type) or not isinstance(loss, Loss):
        raise InvalidType(
            f"loss={loss!r} must be a loss, with loss(z, t) and gradient(z, t); "
            "give an instance such as SoftmaxCrossEntropy()"
        )
    return loss


def _draw(layers: Sequence[Layer], generator: np.random.Generator, dtype: np.dtype[Any]) -> None:
    followers: list[Layer | None] = [*layers[1:], None]
    for layer, follower in zip(layers, followers, strict=True):
        if isinstance(layer, Affine):
            scale = layer.weight_scale
            if scale is None:
                into_relu = isinstance(follower, Relu)
                fan = layer.inputs if into_relu else layer.inputs + layer.outputs
                scale = math.sqrt(2 / fan)
            layer.draw(generator, scale, dtype)
