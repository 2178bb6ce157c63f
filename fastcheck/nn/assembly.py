"""What a network is made of: its layers and loss checked, its weights drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcheck.errors import InvalidArgument, InvalidType
from fastcheck.nn.activations import glorot_variance
from fastcheck.nn.affine import Affine
from fastcheck.nn.losses import SoftmaxCrossEntropy
from fastcheck.nn.protocols import Layer, Loss

__all__ = ["check_layers", "check_loss", "draw_weights"]


def check_layers(layers: Sequence[Layer]) -> list[Affine]:
    """Return the Affines, of which there must be one, each unused and fitting the one before it."""
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


def check_loss(loss: Loss | None) -> Loss:
    """Return the loss, by default the softmax cross entropy."""
    if loss is None:
        return SoftmaxCrossEntropy()
    if isinstance(loss, type) or not isinstance(loss, Loss):
        raise InvalidType(
            f"loss={loss!r} must be a loss, with loss(z, t) and gradient(z, t); "
            "give an instance such as SoftmaxCrossEntropy()"
        )
    return loss


def draw_weights(
    layers: Sequence[Layer], generator: np.random.Generator, dtype: np.dtype[Any]
) -> None:
    """Draw every Affine, with the variance that the layer after it asks for."""
    followers: list[Layer | None] = [*layers[1:], None]
    for layer, follower in zip(layers, followers, strict=True):
        if isinstance(layer, Affine):
            scale = layer.weight_scale
            if scale is None:
                variance = getattr(follower, "weight_variance", glorot_variance)
                scale = math.sqrt(variance(layer.inputs, layer.outputs))
            layer.draw(generator, scale, dtype)
